"""Binary cross-entropy of a probability: how surprised one is by y, in nats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.entropy import entropy
from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["BCE", "LOSS"]


class BCE(Loss):
    """-y·ln(pred) - (1 - y)·ln(1 - pred), logarithms no less than -100: as torch.nn.BCELoss.

    Outside 0 to 1 a prediction is no probability and its loss no number."""

    name = "bce"
    torch_class = "BCELoss"
    weighted = "weighted-bce"
    paper = "−y·ln(pred) − (1 − y)·ln(1 − pred)"
    paper_gradient = "(pred − y)/(pred·(1 − pred))"
    torch = "torch.nn.functional.binary_cross_entropy(pred, y, reduction='none')"
    unit = "nats"
    by_target = True
    exact_labels = True
    takes = "probabilities"
    otherwise = "end it in Sigmoid, or choose the loss bce-with-logits"

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        # Of a small probability, 1 - p has lost the digits: ln(1 - p) is -2·ATANH(p/(2 - p)).
        p = f"({pred})"
        one = f"MAX(-100,LN(MAX({p},10^-300)))"
        other = f"IF({p}<0.5,-2*ATANH({p}/(2-{p})),MAX(-100,LN(MAX(1-{p},10^-300))))"
        return f"IF(ABS({p}-0.5)<=0.5,({y}-1)*{other}-{y}*{one},NA())"

    def backward(self, pred: str, y: str) -> str:
        # What PyTorch divides by at least is 1e-12 in single precision.
        p = f"({pred})"
        slope = f"({p}-{y})/MAX((1-{p})*{p},{number(9.999999960041972e-13)})"
        return f"IF(ABS({p}-0.5)<=0.5,{slope},NA())"

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if 0 <= y <= 1 else "a probability, from 0 to 1"

    # Torch side

    def module(self, weight: Tensor | None = None) -> nn.Module:
        import torch

        class OfProbabilities(torch.nn.BCELoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                # PyTorch would refuse all of them for one that is no probability; what rounding
                # makes of 0 and 1 is none of those.
                far = (input < -1e-12) | (input > 1 + 1e-12) | input.isnan()
                inside = torch.where(far, 0.5, input.clamp(0, 1))
                inside = torch.where(input.isfinite(), input + (inside - input).detach(), 0.5)
                loss = super().forward(inside, target)
                return loss * torch.where(far, torch.nan, 1.0)

        return OfProbabilities(weight, reduction="none")

    def constant(self, y: Sequence[float]) -> float:
        return entropy((mean := sum(y) / len(y), 1 - mean))


LOSS = BCE()
