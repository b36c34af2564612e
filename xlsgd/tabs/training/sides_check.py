"""Where a sheet is on another side of a kink than torch is by itself, and rounding decides on it.

At a kink, as ReLU has one at 0, derivatives jump. A number in front of it that is 5.6e-17 in one
program and 0 in the next is the same number, and what follows from it is not: neither program is
wrong. So the run check lets torch train once more, on the sheet's side, and holds all that follows
as tightly as elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.view import View
from xlsgd.torch_side import is_rounding
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import Traces

__all__ = ["OtherSide", "other_sides"]

_JUMPS, _BETTER = "a derivative jumps", "a loss counts as better"


@dataclass(frozen=True)
class OtherSide:
    """A number on another side of a kink in the sheet than in torch.

    row: of the table, counted from 0.   at: where the kink is.   what: happens there.
    """

    table: str
    quantity: str
    row: int
    sheet: float
    torch: float
    at: float
    what: str

    def matters(self, alone: Traces, followed: Traces) -> bool:
        """Return whether anything in its row follows from its side.

        A ReLU's derivative is the same at 0 and below.
        """
        one, other = alone[self.table], followed[self.table]
        return not all(
            np.array_equal(one[name][self.row], other[name][self.row], equal_nan=True)
            for name in one.values
        )

    def told(self, cell: str) -> str:
        """Return a sentence for the user.   cell: with its tab."""
        return (
            f"{cell} ({self.quantity}): {self.sheet:.3g} in the sheet, {self.torch:.3g} in torch. "
            f"That is rounding, but at {self.at:g} {self.what}, so that either may follow: the run "
            "check goes on on the sheet's side"
        )


def other_sides(
    view: View,
    traces: Traces,
    sheet: Mapping[str, Mapping[str, NDArray[np.float64]]],
    within: Mapping[str, int],
) -> list[OtherSide]:
    """Return all such numbers of a run, the earliest first.

    traces: what torch has by itself.   sheet: what the sheet has, by table.
    within: how many rows of a table can be predicted.
    """
    experiment = view.experiment
    kinks: list[tuple[str, float | str, str]] = [(*k, _JUMPS) for k in experiment.network.kinks]
    if view.classifies:
        kinks.append(("pred", experiment.loss.cut, "a prediction counts as right"))
    if experiment.loss.jumps_at:
        kinks += [(name, jump, _JUMPS) for name, jump in _jumps(experiment)]
    if experiment.schedule.decides_by:
        kinks.append((experiment.schedule.decides_by, 0.0, _BETTER))
    found = []
    for number, (table, rows) in enumerate(within.items()):
        for quantity, jump, what in kinks:
            needed = {quantity, *([jump] if isinstance(jump, str) else [])}
            if not needed <= sheet[table].keys() & traces[table].values.keys():
                continue
            at = traces[table][jump][:rows] if isinstance(jump, str) else np.full(rows, jump)
            seen = sheet[table][quantity][:rows]
            own = traces[table][quantity][:rows]
            stray = traces[table].spread(quantity)[:rows]
            with np.errstate(all="ignore"):
                same = is_rounding(seen, own, np.where(np.isfinite(stray), stray, 0.0))
                sides = np.sign(seen - at), np.sign(own - at)
            if what == _BETTER:  # no better by nothing, and none by less
                sides = np.maximum(sides[0], 0), np.maximum(sides[1], 0)
            other = same & (sides[0] != sides[1])
            for row in map(int, np.flatnonzero(other)):
                here = OtherSide(
                    table, quantity, row, float(seen[row]), float(own[row]), float(at[row]), what
                )
                found.append(((number, row), here))
    return [here for _, here in sorted(found, key=lambda one: one[0])]


def _jumps(experiment: Experiment) -> list[tuple[str, float | str]]:
    """Return every prediction, and where the slope of the loss jumps: a number or a target."""
    at, options = experiment.loss.jumps_at, experiment.loss_options
    names = experiment.network.predictions
    if at in options:
        return [(name, options[at]) for name in names]
    return list(zip(names, experiment.targets, strict=True))
