"""The negative log-likelihood in which a row counts as much as the weight of its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.class_weights import ClassWeights, class_weights, weight_inputs
from xlsgd.training.losses.cross_entropy import class_fault
from xlsgd.training.losses.nll import LOSS as PLAIN
from xlsgd.training.stable import chosen

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "WeightedNLL"]


class WeightedNLL(ClassWeights):
    """-w_y·pred of class y, counted from 0: as torch.nn.NLLLoss with weight, after a LogSoftmax.

    A mean is divided by the weights of the classes y."""

    name = "weighted-nll"
    torch_class = "NLLLoss"
    paper = "−w[y]·pred[y]"
    paper_gradient = "−w[y] for class y, else 0"
    torch = "torch.nn.functional.nll_loss(pred, y, weight=w, reduction='none')"
    unit = PLAIN.unit
    guess = PLAIN.guess
    takes = PLAIN.takes
    otherwise = "end it in LogSoftmax, or choose the loss weighted-cross-entropy"
    exact_labels = True
    several = True
    fewest = 2
    hyperparameters = weight_inputs(2)

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        return f"-{chosen(self.weight_cells(preds), ys[0])}*{chosen(preds, ys[0])}"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        weights = self.weight_cells(preds)
        return [f"IF({ys[0]}={c},-{weight},0)" for c, weight in enumerate(weights)]

    def label_fault(self, y: float, predictions: int) -> str:
        return class_fault(y, predictions)

    # Torch side

    def module(self, **weights: float) -> nn.Module:
        import torch

        class OfClasses(torch.nn.NLLLoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return super().forward(input, target.long())

        return OfClasses(class_weights(weights) if weights else None, reduction="none")


LOSS = WeightedNLL()
