"""One minus p: what the probability of class y lacks to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.cross_entropy import class_fault
from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import chosen

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "OneMinusP"]


class OneMinusP(Loss):
    """1 - the probability of class y, counted from 0, after a Softmax: mnist-loss of classes."""

    name = "one-minus-p"
    paper = "1 − pred[y]"
    paper_gradient = "−1 for class y, else 0"
    torch = "1 + torch.nn.functional.nll_loss(pred, y, reduction='none')"
    takes = "probabilities"
    otherwise = "end it in Softmax"
    exact_labels = True
    several = True
    fewest = 2

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        return f"1-{chosen(preds, ys[0])}"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        return [f"IF({ys[0]}={c},-1,0)" for c in range(len(preds))]

    def label_fault(self, y: float, predictions: int) -> str:
        return class_fault(y, predictions)

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class OfClasses(torch.nn.NLLLoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return 1 + super().forward(input, target.long())

        return OfClasses(reduction="none")


LOSS = OneMinusP()
