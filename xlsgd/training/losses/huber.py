"""The Huber loss: half the squared error near y, beside it a straight line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LOSS", "Huber"]


class Huber(Loss):
    """(pred - y)²/2 up to delta, beyond it delta·(|pred - y| - delta/2)."""

    name = "huber"
    torch_class = "HuberLoss"
    paper = "(pred − y)²/2, beyond delta delta·(|pred − y| − delta/2)"
    paper_gradient = "pred − y, from −delta to delta"
    torch = "torch.nn.functional.huber_loss(pred, y, reduction='none', delta=delta)"
    by_target = True
    hyperparameters = (
        Input(
            "delta",
            1.0,
            "how far off the parabola ends; a step is never longer than for this",
            minimum=0,
            positive=True,
        ),
    )

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        off = f"({pred}-{y})"
        return f"IF(ABS({off})<={{delta}},0.5*{off}*{off},{{delta}}*(ABS({off})-0.5*{{delta}}))"

    def backward(self, pred: str, y: str) -> str:
        return f"MAX(-{{delta}},MIN({{delta}},{pred}-{y}))"

    def before_learning(self, low: str, high: str) -> str:
        # What predicting 0 costs: its worst row has the least y or the greatest.
        return f"ABS({high}),ABS({low})"

    # Torch side

    def module(self, delta: float = 1.0) -> nn.Module:
        from torch import nn

        return nn.HuberLoss(reduction="none", delta=delta)

    def cost_before_learning(self, low: float, high: float) -> float:
        return max(abs(high), abs(low))

    def constant(self, y: Sequence[float], delta: float = 1.0) -> float:
        import torch

        values = torch.tensor(y, dtype=torch.float64)
        return float(self.module(delta)(values.mean().expand(len(y)), values).mean())


LOSS = Huber()
