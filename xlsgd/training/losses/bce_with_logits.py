"""Binary cross-entropy of a logit: how surprised one is by y, in nats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import decay, log1p, sigmoid, within

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "BCEWithLogits"]


class BCEWithLogits(Loss):
    """-y·ln σ(pred) - (1 - y)·ln σ(-pred): as torch.nn.BCEWithLogitsLoss, a sigmoid in front.

    Rows with y = 1 count pos_weight times."""

    name = "bce-with-logits"
    torch_class = "BCEWithLogitsLoss"
    weighted = "weighted-bce-with-logits"
    paper = "(1 − y)·pred + (1 + (pos_weight − 1)·y)·ln(1 + e^−pred)"
    paper_gradient = "(1 + (pos_weight − 1)·y)·σ(pred) − pos_weight·y"
    torch = (
        "torch.nn.functional.binary_cross_entropy_with_logits(pred, y, reduction='none', "
        "pos_weight=pos_weight)"
    )
    unit = "nats"
    by_target = True
    exact_labels = True
    takes = "logits"
    otherwise = "leave that out, or choose the loss bce"
    cut = 0.0
    hyperparameters = (
        Input("pos_weight", 1.0, "how many times a row with y = 1 counts", minimum=0),
    )

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        # As torch has it, cancelling where torch cancels.
        x = within(pred)
        return f"(1-{y})*{x}-{self._weight(y)}*(MIN(0,{pred})-{log1p(decay(x))})"

    def backward(self, pred: str, y: str) -> str:
        # As torch has it as well: of σ what is left beside y, and not σ of −pred.
        return f"{self._weight(y)}*{sigmoid(within(pred))}-{{pos_weight}}*{y}"

    def _weight(self, y: str) -> str:
        return f"(1+({{pos_weight}}-1)*{y})"

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if 0 <= y <= 1 else "a probability, from 0 to 1"

    # Torch side

    def module(self, pos_weight: float = 1.0) -> nn.Module:
        import torch

        weight = torch.tensor(pos_weight, dtype=torch.float64)
        return torch.nn.BCEWithLogitsLoss(reduction="none", pos_weight=weight)

    def by_steps(
        self,
        pred: Tensor,
        y: Tensor,
        rounding: Callable[[Tensor], Tensor],
        pos_weight: float | Tensor = 1.0,
    ) -> Tensor:
        import torch

        weight = 1 + (pos_weight - 1) * y
        logarithm = rounding(torch.nn.functional.logsigmoid(pred))
        loss = rounding((1 - y) * pred - weight * logarithm)
        # The slope has steps of its own: this adds nothing but the first of them, rounded.
        return loss + rounding(weight * pred.detach().sigmoid()) * (pred - pred.detach())

    def constant(self, y: Sequence[float], pos_weight: float = 1.0) -> float:
        one = pos_weight * sum(y) / len(y)
        other = 1 - sum(y) / len(y)
        total = one + other
        return -sum(part * math.log(part / total) for part in (one, other) if part > 0)


LOSS = BCEWithLogits()
