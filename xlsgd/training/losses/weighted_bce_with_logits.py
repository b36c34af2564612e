"""Binary cross-entropy of logits in which every target has weights of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.bce_with_logits import LOSS as PLAIN
from xlsgd.training.losses.target_weights import (
    POS_WEIGHT,
    TARGET_WEIGHT,
    TargetWeights,
    numbered,
    numbers_of,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "WeightedBCEWithLogits"]

_NOTE = "how many times a row with y = 1 counts for target {}"


class WeightedBCEWithLogits(TargetWeights):
    """w times bce-with-logits, w and pos_weight of every target: as torch.nn.BCEWithLogitsLoss
    with weight, or with a pos_weight of several numbers."""

    name = "weighted-bce-with-logits"
    plain = PLAIN
    torch_class = "BCEWithLogitsLoss"
    paper = "w·((1 − y)·pred + (1 + (pos_weight − 1)·y)·ln(1 + e^−pred))"
    paper_gradient = "w·((1 + (pos_weight − 1)·y)·σ(pred) − pos_weight·y)"
    torch = (
        "torch.nn.functional.binary_cross_entropy_with_logits(pred, y, weight=w, "
        "reduction='none', pos_weight=pos_weight)"
    )
    unit = PLAIN.unit
    takes = PLAIN.takes
    otherwise = "leave that out, or choose the loss weighted-bce"
    cut = PLAIN.cut
    hyperparameters = (*TargetWeights.hyperparameters, *numbered(POS_WEIGHT, _NOTE, 1))

    def inputs_for(self, predictions: int) -> tuple[Input, ...]:
        return (*super().inputs_for(predictions), *numbered(POS_WEIGHT, _NOTE, predictions))

    # Torch side

    def module(self, **weights: float) -> nn.Module:
        import torch

        return torch.nn.BCEWithLogitsLoss(
            numbers_of(TARGET_WEIGHT, weights),
            reduction="none",
            pos_weight=numbers_of(POS_WEIGHT, weights),
        )

    def by_steps(
        self, pred: Tensor, y: Tensor, rounding: Callable[[Tensor], Tensor], **weights: float
    ) -> Tensor:
        of_ones = numbers_of(POS_WEIGHT, weights)
        return numbers_of(TARGET_WEIGHT, weights) * PLAIN.by_steps(pred, y, rounding, of_ones)

    def constant_of_target(self, i: int, y: Sequence[float], options: Mapping[str, float]) -> float:
        return PLAIN.constant(y, options.get(f"{POS_WEIGHT}{i}", 1.0))


LOSS = WeightedBCEWithLogits()
