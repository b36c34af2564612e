"""The log loss: minus the logarithm of the probability of class y, to a base of one's choice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.cross_entropy import class_fault
from xlsgd.training.losses.entropy import entropy
from xlsgd.training.losses.loss import Loss
from xlsgd.training.stable import chosen

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "LogLoss"]


class LogLoss(Loss):
    """-log of the probability of class y, counted from 0, after a Softmax; log_base is e at first.

    To base 10 every loss is that to base e, divided by ln 10 = 2.302585….
    """

    name = "log-loss"
    paper = "−ln pred[y] / ln log_base"
    paper_gradient = "−1/(pred[y]·ln log_base) for class y, else 0"
    torch = "torch.nn.functional.nll_loss(pred.log(), y, reduction='none') / math.log(log_base)"
    guess = "the share of every class"
    takes = "probabilities"
    otherwise = "end it in Softmax, or choose the loss cross-entropy"
    exact_labels = True
    several = True
    fewest = 2
    hyperparameters = (
        Input(
            "log_base",
            math.e,
            "of the logarithm: 2.718281828459045, or 10, or 2",
            minimum=0,
            positive=True,
        ),
    )

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        return f"-LN({chosen(preds, ys[0])})/LN({{log_base}})"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        return [f"IF({ys[0]}={c},-1/(({pred})*LN({{log_base}})),0)" for c, pred in enumerate(preds)]

    def label_fault(self, y: float, predictions: int) -> str:
        return class_fault(y, predictions)

    # Torch side

    def module(self, log_base: float = math.e) -> nn.Module:
        import torch

        class OfClasses(torch.nn.NLLLoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return super().forward(input.log(), target.long()) / math.log(log_base)

        return OfClasses(reduction="none")

    def constant(self, y: Sequence[float], log_base: float = math.e) -> float | None:
        # Below 1 a logarithm falls, and to base 1 there is none.
        if log_base <= 1:
            return None
        return entropy(count / len(y) for count in Counter(y).values()) / math.log(log_base)


LOSS = LogLoss()
