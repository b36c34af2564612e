"""Binary cross-entropy of probabilities in which every target has a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.bce import LOSS as PLAIN
from xlsgd.training.losses.target_weights import TARGET_WEIGHT, TargetWeights, numbers_of

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LOSS", "WeightedBCE"]


class WeightedBCE(TargetWeights):
    """w·(-y·ln(pred) - (1 - y)·ln(1 - pred)): as torch.nn.BCELoss with weight."""

    name = "weighted-bce"
    plain = PLAIN
    torch_class = "BCELoss"
    paper = "w·(−y·ln(pred) − (1 − y)·ln(1 − pred))"
    paper_gradient = "w·(pred − y)/(pred·(1 − pred))"
    torch = "torch.nn.functional.binary_cross_entropy(pred, y, weight=w, reduction='none')"
    unit = PLAIN.unit
    takes = PLAIN.takes
    otherwise = "end it in Sigmoid, or choose the loss weighted-bce-with-logits"

    # Torch side

    def module(self, **weights: float) -> nn.Module:
        return PLAIN.module(numbers_of(TARGET_WEIGHT, weights))

    def constant_of_target(self, i: int, y: Sequence[float], options: Mapping[str, float]) -> float:
        return PLAIN.constant(y)


LOSS = WeightedBCE()
