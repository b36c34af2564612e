"""What becomes of the losses of a batch, on torch's side: their mean or their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.training.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["of_batch", "over_targets"]


def of_batch(loss: Loss, rows: Tensor, keepdim: bool = False) -> Tensor:
    """Return what torch's loss is of a batch, or its derivatives.

    rows: losses of the rows, or derivatives of them, shape (…, rows).
    """
    return rows.sum(-1, keepdim=keepdim) if loss.is_summed else rows.mean(-1, keepdim=keepdim)


def over_targets(loss: Loss, targets: Tensor, dim: int = -1) -> Tensor:
    """Return the loss of rows with several targets.  targets: the losses of these, along dim."""
    return targets.sum(dim) if loss.is_summed else targets.mean(dim)
