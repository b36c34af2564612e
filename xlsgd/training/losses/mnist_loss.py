"""fast.ai's mnist_loss: how far a probability is from its label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "MnistLoss"]


class MnistLoss(Loss):
    """1 - pred where y is 1, else pred: as in the lesson on 3s and 7s, after a sigmoid."""

    name = "mnist-loss"
    paper = "1 − pred if y = 1, else pred"
    paper_gradient = "−1 if y = 1, else 1"
    torch = "torch.where(y == 1, 1 - pred, pred)"
    by_target = True
    exact_labels = True
    takes = "probabilities"
    otherwise = "end it in Sigmoid"

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"IF({y}=1,1-({pred}),{pred})"

    def backward(self, pred: str, y: str) -> str:
        return f"IF({y}=1,-1,1)"

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if y in (0, 1) else "a label, 0 or 1"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class OfLabels(torch.nn.Module):
            def forward(self, pred: Tensor, y: Tensor) -> Tensor:
                return torch.where(y == 1, 1 - pred, pred)

        return OfLabels()

    def constant(self, y: Sequence[float]) -> float:
        mean = sum(y) / len(y)
        return 2 * mean * (1 - mean)


LOSS = MnistLoss()
