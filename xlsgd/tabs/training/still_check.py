"""Which weights stand still in a sheet, where rounding decides on that.

Slopes of rows that cancel leave 0, or a unit in the last place, as they happen to be added up.
Which of several weights then count as moved is open for each by itself: sixteen ways for four
weights, more than an ensemble has members. The words about them have to follow from the sheet's
own columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.trace import Trace, Traces

__all__ = ["with_still_weights"]


def with_still_weights(traces: Traces, sheet: Mapping[str, NDArray[np.float64]]) -> Traces:
    """Return the run itself, alone, with the last steps in which weights were moved as a sheet has
    them, as far as the members of the ensemble do not agree on these.

    sheet: numbers of its table of steps, shape (rows,).
    """
    alone = {
        name: Trace({quantity: members[:1] for quantity, members in trace.values.items()})
        for name, trace in traces.items()
    }
    for quantity, members in traces["steps"].values.items():
        if quantity.startswith("nonzero.") and quantity in sheet:
            least, most, own = members.min(0), members.max(0), sheet[quantity]
            is_open = (least < most) & (least <= own) & (own <= most)
            alone["steps"].values[quantity] = np.where(is_open, own, members[0])[None]
    return alone
