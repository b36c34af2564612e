"""Cross-entropy of several logits and a share for every class, each class with a weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Input
from xlsgd.training.losses.class_weights import WEIGHT, class_weights, weight_inputs
from xlsgd.training.losses.cross_entropy_of_shares import CrossEntropyOfShares
from xlsgd.training.nets.log_softmax import by_steps

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "WeightedCrossEntropyOfShares"]


class WeightedCrossEntropyOfShares(CrossEntropyOfShares):
    """-Σ w_c·y_c·ln of the share that softmax gives to class c: torch.nn.CrossEntropyLoss with
    weight, where its targets are probabilities.

    A mean is over rows: unlike with classes, PyTorch does not divide by weights here.
    """

    name = "weighted-cross-entropy-of-shares"
    torch_class = "CrossEntropyLoss"
    weighted = ""
    paper = "−Σ w·y·ln softmax(pred)"
    paper_gradient = "softmax(pred)·Σ w·y − w·y"
    torch = (
        "torch.nn.functional.cross_entropy(pred, y, weight=w, reduction='none', "
        "label_smoothing=label_smoothing)"
    )
    hyperparameters: ClassVar[tuple[Input, ...]] = (
        *weight_inputs(2),
        *CrossEntropyOfShares.hyperparameters,
    )

    def inputs_for(self, predictions: int) -> tuple[Input, ...]:
        return (*weight_inputs(predictions), *CrossEntropyOfShares.hyperparameters)

    # Sheet side

    def _smoothed(self, ys: Sequence[str]) -> list[str]:
        shares = enumerate(super()._smoothed(ys))
        return [f"({{{WEIGHT}{c}}}*{share})" for c, share in shares]

    # Torch side

    def module(self, label_smoothing: float = 0.0, **weights: float) -> nn.Module:
        import torch

        given = class_weights(weights) if weights else None
        return torch.nn.CrossEntropyLoss(given, reduction="none", label_smoothing=label_smoothing)

    def by_steps(
        self,
        pred: Tensor,
        y: Tensor,
        rounding: Callable[[Tensor], Tensor],
        label_smoothing: float = 0.0,
        **weights: float,
    ) -> Tensor:
        shares = (1 - label_smoothing) * y + label_smoothing / y.shape[-1]
        return -(class_weights(weights) * shares * by_steps(pred, rounding)).sum(-1)

    def constant_of(self, targets: Sequence[Sequence[float]], **options: float) -> float | None:
        return None  # Nobody has asked yet what one guess for all rows costs.


LOSS = WeightedCrossEntropyOfShares()
