"""What becomes of the losses of rows, on torch's side: their mean or their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["losses_counted", "mean_of_rows", "of_batch", "over_targets", "weights_of"]


def of_batch(experiment: Experiment, rows: Tensor, y: Tensor, keepdim: bool = False) -> Tensor:
    """Return what torch's loss is of a batch, or its derivatives.

    rows: losses of the rows, or derivatives of them, shape (…, rows).   y: their labels, of a shape
    that broadcasts to that where rows have weights.
    """
    if experiment.loss.is_summed:
        return rows.sum(-1, keepdim=keepdim)
    return _mean(experiment, rows, y, keepdim)


def mean_of_rows(experiment: Experiment, rows: Tensor, y: Tensor) -> Tensor:
    """Return the mean over rows, and over their targets, whatever the loss makes of a batch.

    rows, y: as for ``of_batch``.
    """
    return _mean(experiment, rows, y) / experiment.added_up


def _mean(experiment: Experiment, rows: Tensor, y: Tensor, keepdim: bool = False) -> Tensor:
    weights = weights_of(experiment, y)
    if weights is None:
        return rows.mean(-1, keepdim=keepdim)
    return rows.sum(-1, keepdim=keepdim) / weights.sum(-1, keepdim=keepdim)


def losses_counted(experiment: Experiment, y: Tensor) -> float:
    """Return how many losses there are in an epoch, or their weights: what their mean is the sum
    divided by.   y: shape (…, rows)."""
    weights = weights_of(experiment, y)
    return float(y.shape[-1] * experiment.added_up if weights is None else weights.sum())


def weights_of(experiment: Experiment, y: Tensor) -> Tensor | None:
    """Return how many times every row counts; None where each counts once.   y: the labels."""
    loss = experiment.loss
    return loss.row_weights(y, **experiment.loss_options) if loss.weighs else None


def over_targets(loss: Loss, targets: Tensor, dim: int = -1) -> Tensor:
    """Return the loss of rows with several targets.  targets: the losses of these, along dim."""
    return targets.sum(dim) if loss.is_summed else targets.mean(dim)
