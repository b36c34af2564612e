"""What a tab with the units of a hidden layer, one by one, is to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Units"]


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
