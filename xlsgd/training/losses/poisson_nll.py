"""The Poisson loss: for counts, of which the net gives the logarithm of the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import within

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LOSS", "PoissonNLL"]


class PoissonNLL(Loss):
    """e^pred - y·pred, with derivative e^pred - y: as torch.nn.PoissonNLLLoss."""

    name = "poisson-nll"
    torch_class = "PoissonNLLLoss"
    torch_needs = {"log_input": True, "full": False}
    paper = "e^pred − y·pred"
    paper_gradient = "e^pred − y"
    torch = "torch.nn.functional.poisson_nll_loss(pred, y, reduction='none')"
    by_hand = "pred.exp() - y * pred"
    by_target = True

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"EXP({pred})-{y}*{within(pred)}"

    def backward(self, pred: str, y: str) -> str:
        return f"(EXP({pred})-{y})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.PoissonNLLLoss(reduction="none")

    def constant(self, y: Sequence[float]) -> float | None:
        mean = sum(y) / len(y)
        return mean - mean * math.log(mean) if mean > 0 else None


LOSS = PoissonNLL()
