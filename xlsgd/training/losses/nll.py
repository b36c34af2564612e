"""The negative log-likelihood: what the logarithm of the probability of class y lacks to 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.cross_entropy import class_fault
from xlsgd.training.losses.entropy import entropy
from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import chosen

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "NLL"]


class NLL(Loss):
    """-pred of class y, counted from 0: as torch.nn.NLLLoss, after a LogSoftmax."""

    name = "nll"
    torch_class = "NLLLoss"
    paper = "−pred[y]"
    paper_gradient = "−1 for class y, else 0"
    torch = "torch.nn.functional.nll_loss(pred, y, reduction='none')"
    unit = "nats"
    guess = "the share of every class"
    takes = "log-probabilities"
    otherwise = "end it in LogSoftmax, or choose the loss cross-entropy"
    exact_labels = True
    several = True
    weighted = "weighted-nll"
    fewest = 2

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        return f"-{chosen(preds, ys[0])}"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        return [f"IF({ys[0]}={c},-1,0)" for c in range(len(preds))]

    def label_fault(self, y: float, predictions: int) -> str:
        return class_fault(y, predictions)

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class OfClasses(torch.nn.NLLLoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return super().forward(input, target.long())

        return OfClasses(reduction="none")

    def constant(self, y: Sequence[float]) -> float:
        return entropy(count / len(y) for count in Counter(y).values())


LOSS = NLL()
