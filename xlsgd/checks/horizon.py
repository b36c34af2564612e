"""How far ahead float64 can predict a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlsgd.report.tolerances import HORIZON
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import Trace

__all__ = ["Horizon", "horizon"]


@dataclass(frozen=True)
class Horizon:
    """rows: how many rows can be predicted.   step: the last predictable step.
    why: a sentence where that is not all of them, else None."""

    rows: int
    step: int | None = None
    why: str | None = None


def horizon(experiment: Experiment, trace: Trace) -> Horizon:
    """Return where a run stops being predictable.

    It does where the weights of an ensemble, started one unit in the last place apart, have
    strayed from each other by more than the share HORIZON, and where numbers overflow.
    """
    parameters = experiment.network.parameters
    values = np.stack([np.abs(trace[f"param.{p}"]) for p in parameters])
    stray = np.stack([trace.spread(f"param.{p}") for p in parameters])
    with np.errstate(all="ignore"):
        # A weight on its way through 0 is measured against the largest so far.
        largest = np.maximum.accumulate(values.max(0))
        together = (stray <= HORIZON * np.maximum(values, largest)).all(0)
    finite = np.isfinite(trace["loss"])
    rows = len(together)
    found = Horizon(rows)
    # The row in which the loss overflows still counts: both sides must lose it there.
    for holds, spare, why in (
        (finite, 1, "the numbers leave what a cell can hold"),
        (together, 0, "runs that start one unit in the last place apart part ways"),
    ):
        first = rows if holds.all() else int(np.argmin(holds)) + spare
        if first < found.rows:
            step = int(trace["step"][first])
            last = int(trace["step"][first - 1]) if first else 0
            found = Horizon(first, last, f"from step {step} on {why}: there the verdict counts")
    return found
