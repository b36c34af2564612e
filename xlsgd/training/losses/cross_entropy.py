"""Cross-entropy of several logits: how surprised one is by the class y, in nats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.entropy import entropy
from xlsgd.training.losses.loss import Loss
from xlsgd.training.nets.log_softmax import by_steps
from xlsgd.training.stable import chosen, greatest, powers, within

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "CrossEntropy", "class_fault"]


class CrossEntropy(Loss):
    """-ln of the share that softmax gives to class y, counted from 0: as torch.nn.CrossEntropyLoss.

    With label_smoothing s, class y counts 1 - s, and all classes share s equally.
    """

    name = "cross-entropy"
    torch_class = "CrossEntropyLoss"
    paper = "−ln softmax(pred)[y]"
    paper_gradient = "softmax(pred) − 1 for class y"
    torch = (
        "torch.nn.functional.cross_entropy(pred, y, reduction='none', "
        "label_smoothing=label_smoothing)"
    )
    unit = "nats"
    guess = "the share of every class"
    takes = "logits"
    otherwise = "leave that out, or choose the loss nll after LogSoftmax"
    exact_labels = True
    several = True
    of_shares = "cross-entropy-of-shares"
    weighted = "weighted-cross-entropy"
    fewest = 2
    hyperparameters = (
        Input("label_smoothing", 0.0, "share that goes to all classes alike", minimum=0, below=1),
    )

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        (y,) = ys
        most, logarithm = greatest(preds), f"LN({'+'.join(powers(list(map(within, preds))))})"
        of_class = f"{chosen(preds, y)}-{most}-{logarithm}"
        count = len(preds)
        alike = f"{'+'.join(map(within, preds))}-{count}*({most}+{logarithm})"
        smooth = "{label_smoothing}"
        return f"-((1-{smooth})*({of_class})+{smooth}/{count}*({alike}))"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        (y,) = ys
        each = powers(list(map(within, preds)))
        smooth = "{label_smoothing}"
        return [
            f"{power}/({'+'.join(each)})-IF({y}={c},1-{smooth},0)-{smooth}/{len(preds)}"
            for c, power in enumerate(each)
        ]

    def label_fault(self, y: float, predictions: int) -> str:
        return class_fault(y, predictions)

    # Torch side

    def module(self, label_smoothing: float = 0.0) -> nn.Module:
        import torch

        class OfClasses(torch.nn.CrossEntropyLoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return super().forward(input, target.long())

        return OfClasses(reduction="none", label_smoothing=label_smoothing)

    def by_steps(
        self,
        pred: Tensor,
        y: Tensor,
        rounding: Callable[[Tensor], Tensor],
        label_smoothing: float = 0.0,
    ) -> Tensor:
        logarithms = by_steps(pred, rounding)
        of_class = logarithms.gather(-1, y.long().unsqueeze(-1))[..., 0]
        return -((1 - label_smoothing) * of_class + label_smoothing * logarithms.mean(-1))

    def constant(self, y: Sequence[float], label_smoothing: float = 0.0) -> float | None:
        # With smoothing it takes the number of classes, which y alone does not tell.
        if label_smoothing:
            return None
        return entropy(count / len(y) for count in Counter(y).values())


def class_fault(y: float, predictions: int) -> str:
    """Return what a class has to be, in words, where y is none; "" where it is one."""
    if y in range(predictions):
        return ""
    return f"a class, a whole number from 0 to {predictions - 1}"


LOSS = CrossEntropy()
