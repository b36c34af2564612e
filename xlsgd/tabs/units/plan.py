"""What a tab with the units of a hidden layer, one by one, is to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Units", "relus"]


@dataclass(frozen=True)
class Units:
    """A tab with the units of a net of one input, one hidden layer and one output.

    sheet: its name.   title, about: words for its top.   network: the net, as text.
    weights: what is typed in, by the names of the weights.   experiment: by which they are trained
        instead, its id.
    count: how many units are added up at first; all where not given.
    begin, apart, rows: of the inputs for which the units are shown: the first, how far apart they
        are, and how many.
    """

    sheet: str
    network: str
    title: str
    about: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    experiment: str = ""
    count: int | None = None
    begin: float = -1.0
    apart: float = 0.1
    rows: int = 21


def relus(
    sheet: str, title: str, bias: Sequence[float], out: Sequence[float], **shown: Any
) -> Units:
    """Return a tab of ReLUs whose weights are typed in: inputs count once, nothing is added.

    bias, out: of every unit.   shown: what else a tab of units has.
    """
    n = len(bias)
    numbers = [""] if n == 1 else [str(i) for i in range(1, n + 1)]
    weights = {"d": 0.0}
    for number, own, height in zip(numbers, bias, out, strict=True):
        weights |= {f"a{number}": 1.0, f"b{number}": own, f"c{number}": height}
    about = "Change a yellow cell: where a unit bends, how steep it is, how many are added up."
    return Units(sheet, f"Linear(1, {n}), ReLU, Linear({n}, 1)", title, about, weights, **shown)
