"""Where a run turned: the step after which it was never again as good as at its start."""

from __future__ import annotations

import numpy as np

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import Turn
from xlsgd.explaining.training import Training
from xlsgd.torch_side.stability import curvature_along_gradient

__all__ = ["turn_of"]


def turn_of(training: Training, where: Citation) -> Turn | None:
    """Return the last step before which the mean loss over all rows was no greater than at the
    start weights, None if the run ended no worse than it began.

    The loss of a single row says little: it depends on the row. The mean over all rows is that of
    the weights alone, and a run may leave and come back; what counts is where it left for good.
    """
    losses, start = training.mean_losses, training.mean_losses[0]
    if losses[-1] <= start or not np.isfinite(start):
        return None
    step = int(np.flatnonzero(losses[:-1] <= start)[-1]) + 1
    experiment, rows = training.experiment, training.rows(step)
    before, after = training.before(step), training.before(step + 1)
    curvature = curvature_along_gradient(experiment, training.data, before, rows)
    batch = slice(rows.start, rows.stop)
    seen = training.mean_of(training.outputs((step, step + 1))["loss"][:, batch], batch)
    return Turn(
        step=step,
        epoch=training.epoch(step),
        rows=tuple(row + 1 for row in rows),
        curvature=curvature,
        lr_times_curvature=training.rate(step) * curvature,
        step_over_slope=_step_over_slope(training, step, before, after),
        batch_loss_before=float(seen[0]),
        batch_loss_after=float(seen[1]),
        mean_loss_before=float(losses[step - 1]),
        mean_loss_after=float(losses[step]),
        mean_loss_at_start=float(start),
        cell=where.step("loss", training, step),
    )


def _step_over_slope(
    training: Training, step: int, before: dict[str, float], after: dict[str, float]
) -> float:
    """Return how long a step was, in units of learning_rate times the slope that it saw."""
    rate = training.rate(step)
    moved = np.array([after[p] - before[p] for p in before])
    slope = np.array([training.gradient(p, step) for p in before])
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(moved) / (rate * np.linalg.norm(slope)))
