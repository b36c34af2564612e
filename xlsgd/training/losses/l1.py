"""The absolute error: how far the prediction is off, in units of y."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import nn

__all__ = ["L1", "LOSS"]


class L1(Loss):
    """|pred - y|, with derivative 1, -1, or 0 where nothing is off: as torch.nn.L1Loss."""

    name = "l1"
    torch_class = "L1Loss"
    paper = "|pred − y|"
    paper_gradient = "sign(pred − y)"
    torch = "torch.nn.functional.l1_loss(pred, y, reduction='none')"
    by_hand = "(pred - y).abs()"
    by_target = True
    exact_labels = True
    jumps_at = "y"

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"ABS({pred}-{y})"

    def backward(self, pred: str, y: str) -> str:
        return f"SIGN({pred}-{y})"

    def before_learning(self, low: str, high: str) -> str:
        # What predicting 0 costs: its worst row has the least y or the greatest.
        return f"ABS({high}),ABS({low})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.L1Loss(reduction="none")

    def cost_before_learning(self, low: float, high: float) -> float:
        return max(abs(high), abs(low))

    def constant(self, y: Sequence[float]) -> float:
        mean = sum(y) / len(y)
        return sum(abs(mean - each) for each in y) / len(y)


LOSS = L1()
