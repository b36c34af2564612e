"""Squared error: the square of how far the prediction is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LOSS", "SquaredError"]


class SquaredError(Loss):
    """(pred - y)² for a row, with derivative 2·(pred - y): the factor 2 is kept, as in PyTorch."""

    name = "squared error"
    paper = "(pred − y)²"
    paper_gradient = "2·(pred − y)"
    torch = "torch.nn.functional.mse_loss(pred, y, reduction='none')"

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"({pred}-{y})^2"

    def backward(self, pred: str, y: str) -> str:
        return f"2*({pred}-{y})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.MSELoss(reduction="none")


LOSS = SquaredError()
