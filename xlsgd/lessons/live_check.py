"""Whether a workbook to be does what live objects of torch do, before it is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xlsgd.base.errors import SpecError
from xlsgd.lessons.lesson import Values
from xlsgd.tabs.view import View

if TYPE_CHECKING:
    from xlsgd.sheets.maps import BookMap
    from xlsgd.torch_side.live import FirstStep

__all__ = ["need_same"]

_CLOSE = 1e-9
"""How far a cell may be from the live objects, relative to the largest number of its kind: both
compute in float64, in another order."""


def need_same(view: View, maps: BookMap, values: Values, live: FirstStep) -> None:
    """Raise SpecError unless the cells of the first step have what the live objects do."""
    # Slow to import, and all files beside lessons are, to find the lessons.
    from xlsgd.tabs.layouts import get_layout

    e, layout = view.experiment, get_layout(view.layout)
    tab, learning = maps.training[e.id], {*e.trained}
    steps = tab.tables["steps"]

    def cell(quantity: str) -> float:
        value = values[tab.sheet].get(steps.cell(quantity, 0), float("nan"))
        return float(value) if isinstance(value, float | int) else float("nan")

    what_loss = "summed loss" if e.loss.is_summed else "mean loss"
    # Of a batch shown row by row, the first row is not yet the step: own nets have batches of one
    # row there.
    checks: list[tuple[str, Callable[[str], str], Mapping[str, float]]] = [
        (what_loss, str, {"loss": live.loss}),
        # There is none of what is kept fixed.
        ("slope", layout.gradient, {p: g for p, g in live.gradients.items() if p in learning}),
        ("new weight", "new.{}".format, live.after),
    ]
    for what, quantity, expected in checks:
        size = max(map(abs, expected.values()), default=0.0) + 1e-300
        for name, number in expected.items():
            got = cell(quantity(name))
            if math.isnan(number) and math.isnan(got):
                raise SpecError(
                    f"the {what} of the first step{f' for {name}' if name != what else ''} is no "
                    f"number, neither in torch nor in the sheet: {_why_none(view)}"
                )
            if not abs(got - number) <= _CLOSE * size:
                raise SpecError(
                    f"the workbook would not do what the module does: the {what} of the first step"
                    f" for {name} is {got:.9g} in the sheet, {number:.9g} in torch; does the "
                    "module do something with the rows of a batch together?"
                )


def _why_none(view: View) -> str:
    loss, words = view.experiment.loss, view.experiment.unfit_loss
    if words:
        return words
    if loss.takes:
        return f"the loss {loss.name} takes {loss.takes}; {loss.otherwise}"
    return "start from other weights, or choose another loss"
