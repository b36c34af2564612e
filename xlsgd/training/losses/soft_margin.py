"""The soft margin: how far a score is on the wrong side of 0, for y = -1 or 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import sigmoid, softplus, within

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "SoftMargin"]


class SoftMargin(Loss):
    """ln(1 + e^(-y·pred)), with derivative -y·σ(-y·pred).

    As torch.nn.SoftMarginLoss, which has no number above 709 where this one has."""

    name = "soft-margin"
    torch_class = "SoftMarginLoss"
    paper = "ln(1 + e^(−y·pred))"
    paper_gradient = "−y·σ(−y·pred)"
    torch = "-torch.nn.functional.logsigmoid(y * pred)  # SoftMarginLoss, without its overflow"
    by_target = True
    exact_labels = True
    takes = "logits"
    otherwise = "leave that out"
    cut = 0.0

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return softplus(f"(-{y}*{within(pred)})")

    def backward(self, pred: str, y: str) -> str:
        return f"-{y}*{sigmoid(f'(-{y}*{within(pred)})')}"

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if y in (-1, 1) else "a label, -1 or 1"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class WithoutOverflow(torch.nn.Module):
            def forward(self, pred: Tensor, y: Tensor) -> Tensor:
                return -torch.nn.functional.logsigmoid(y * pred)

        return WithoutOverflow()


LOSS = SoftMargin()
