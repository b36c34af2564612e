"""Losses of which every target has a weight, as the option weight of torch.nn's BCE has it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Input
from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["POS_WEIGHT", "TARGET_WEIGHT", "TargetWeights", "numbered", "numbers_of"]

TARGET_WEIGHT = "target_weight_"
POS_WEIGHT = "pos_weight_"
"""How the keys of weights begin; the number of the target follows, from 1."""


def numbered(key: str, note: str, targets: int) -> tuple[Input, ...]:
    """Return a cell for every target.   note: with ``{}`` for the number of the target."""
    return tuple(Input(f"{key}{i}", 1.0, note.format(i), minimum=0) for i in range(1, targets + 1))


def numbers_of(key: str, options: Mapping[str, float]) -> Tensor:
    """Return those of one kind among the options of a loss, in order: of one target a number, of
    several a tensor along the last dimension."""
    import torch

    found = sorted((int(k.removeprefix(key)), v) for k, v in options.items() if k.startswith(key))
    values = torch.tensor([value for _, value in found] or [1.0], dtype=torch.float64)
    return values if len(values) > 1 else values[0]


def _numbered(preds: Sequence[str], ys: Sequence[str]) -> list[tuple[int, tuple[str, str]]]:
    return list(enumerate(zip(preds, ys, strict=True), 1))


class TargetWeights(Loss):
    """A loss in which the loss of every target is multiplied by a weight of its own.

    A mean is one over all losses, whatever the weights are."""

    plain: ClassVar[Loss]
    """The loss of one target, without weights."""
    by_target = True
    apart = True
    exact_labels = True
    hyperparameters = numbered(TARGET_WEIGHT, "what the loss of target {} is multiplied by", 1)

    def inputs_for(self, predictions: int) -> tuple[Input, ...]:
        return numbered(TARGET_WEIGHT, "what the loss of target {} is multiplied by", predictions)

    @abstractmethod
    def constant_of_target(self, i: int, y: Sequence[float], options: Mapping[str, float]) -> float:
        """Return ``constant`` of a target, without the weight.   i: its number, from 1."""

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return self.plain.forward(pred, y)

    def backward(self, pred: str, y: str) -> str:
        return self.plain.backward(pred, y)

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        losses = [self._weighed(i, self.forward(*each)) for i, each in _numbered(preds, ys)]
        if len(losses) == 1:
            return losses[0]
        return "+".join(losses) if self.is_summed else f"({'+'.join(losses)})/{len(losses)}"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        slopes = [self._weighed(i, self.backward(*each)) for i, each in _numbered(preds, ys)]
        if len(slopes) == 1 or self.is_summed:
            return slopes
        return [f"({slope})/{len(slopes)}" for slope in slopes]

    @staticmethod
    def _weighed(i: int, text: str) -> str:
        own = text.replace(f"{{{POS_WEIGHT.rstrip('_')}}}", f"{{{POS_WEIGHT}{i}}}")
        return f"{{{TARGET_WEIGHT}{i}}}*({own})"

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if 0 <= y <= 1 else "a probability, from 0 to 1"

    # Torch side

    def constant_of(self, targets: Sequence[Sequence[float]], **options: float) -> float | None:
        found = [
            options.get(f"{TARGET_WEIGHT}{i}", 1.0) * self.constant_of_target(i, y, options)
            for i, y in enumerate(targets, 1)
        ]
        return sum(found) / len(found)
