"""The smooth absolute error: a parabola near y, beside it the absolute error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LOSS", "SmoothL1"]


class SmoothL1(Loss):
    """(pred - y)²/2·l1_beta where that is nearer than l1_beta, else |pred - y| - l1_beta/2."""

    name = "smooth-l1"
    torch_class = "SmoothL1Loss"
    torch_names = {"l1_beta": "beta"}
    paper = "(pred − y)²/(2·l1_beta), from l1_beta on |pred − y| − l1_beta/2"
    paper_gradient = "(pred − y)/l1_beta, from −1 to 1"
    torch = "torch.nn.functional.smooth_l1_loss(pred, y, reduction='none', beta=l1_beta)"
    by_target = True
    hyperparameters = (
        Input(
            "l1_beta",
            1.0,
            "how far off the parabola ends; from there on it is |pred − y|",
            minimum=0,
            positive=True,
        ),
    )

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        off = f"({pred}-{y})"
        return f"IF(ABS({off})<{{l1_beta}},0.5*{off}*{off}/{{l1_beta}},ABS({off})-0.5*{{l1_beta}})"

    def backward(self, pred: str, y: str) -> str:
        return f"MAX(-1,MIN(1,({pred}-{y})/{{l1_beta}}))"

    def before_learning(self, low: str, high: str) -> str:
        # What predicting 0 costs: its worst row has the least y or the greatest.
        return f"ABS({high}),ABS({low})"

    # Torch side

    def module(self, l1_beta: float = 1.0) -> nn.Module:
        from torch import nn

        return nn.SmoothL1Loss(reduction="none", beta=l1_beta)

    def cost_before_learning(self, low: float, high: float) -> float:
        return max(abs(high), abs(low))

    def constant(self, y: Sequence[float], l1_beta: float = 1.0) -> float:
        import torch

        values = torch.tensor(y, dtype=torch.float64)
        return float(self.module(l1_beta)(values.mean().expand(len(y)), values).mean())


LOSS = SmoothL1()
