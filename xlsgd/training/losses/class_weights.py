"""Losses of classes in which every class has a weight, as the option weight of torch.nn has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import chosen

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["WEIGHT", "ClassWeights", "class_weights", "weight_inputs"]

WEIGHT = "class_weight_"
"""How the keys of the weights begin; the number of the class follows, from 0."""


def weight_inputs(classes: int) -> tuple[Input, ...]:
    """Return the cells of the weights."""
    return tuple(
        Input(f"{WEIGHT}{c}", 1.0, f"how many times a row of class {c} counts", minimum=0)
        for c in range(classes)
    )


def class_weights(options: Mapping[str, float]) -> Tensor:
    """Return the weights among the options of a loss, in order."""
    import torch

    found = sorted((int(k.removeprefix(WEIGHT)), v) for k, v in options.items() if WEIGHT in k)
    return torch.tensor([value for _, value in found], dtype=torch.float64)


class ClassWeights(Loss):
    """A loss of a row that has the weight of its class y in it."""

    has_weights = True

    def inputs_for(self, predictions: int) -> tuple[Input, ...]:
        others = [given for given in self.hyperparameters if not given.key.startswith(WEIGHT)]
        return (*weight_inputs(predictions), *others)

    # Sheet side

    def row_weight(self, y: str, predictions: int) -> str:
        return chosen(self.weight_cells(predictions), y)

    @staticmethod
    def weight_cells(predictions: int | Sequence[str]) -> list[str]:
        """Return the templates of the weights' cells."""
        count = predictions if isinstance(predictions, int) else len(predictions)
        # In parentheses: as inputs they stand anywhere, and not side by side.
        return [f"({{{WEIGHT}{c}}})" for c in range(count)]

    # Torch side

    def row_weights(self, y: Tensor, **options: float) -> Tensor:
        return class_weights(options).to(y.device)[y.long()]
