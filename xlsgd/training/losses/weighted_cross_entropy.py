"""Cross-entropy of several logits in which a row counts as much as the weight of its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.class_weights import ClassWeights, class_weights, weight_inputs
from xlsgd.training.losses.cross_entropy import LOSS as PLAIN
from xlsgd.training.losses.cross_entropy import class_fault
from xlsgd.training.nets.log_softmax import by_steps
from xlsgd.training.stable import chosen, greatest, powers, within

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "WeightedCrossEntropy"]


class WeightedCrossEntropy(ClassWeights):
    """-w_y·ln of the share that softmax gives to class y: as torch.nn.CrossEntropyLoss with weight.

    With label_smoothing s, class y counts 1 - s, and all classes share s equally, each with its own
    weight. A mean is divided by the weights of the classes y.
    """

    name = "weighted-cross-entropy"
    torch_class = "CrossEntropyLoss"
    paper = "−w[y]·ln softmax(pred)[y]"
    paper_gradient = "w[y]·(softmax(pred) − 1 for class y)"
    torch = (
        "torch.nn.functional.cross_entropy(pred, y, weight=w, reduction='none', "
        "label_smoothing=label_smoothing)"
    )
    unit = PLAIN.unit
    guess = PLAIN.guess
    takes = PLAIN.takes
    otherwise = PLAIN.otherwise
    exact_labels = True
    several = True
    of_shares = "weighted-cross-entropy-of-shares"
    fewest = 2
    hyperparameters = (*weight_inputs(2), *PLAIN.hyperparameters)

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        # How far each is below the greatest, and then the logarithm: nothing cancels.
        (y,), count, weights = ys, len(preds), self.weight_cells(preds)
        most, logarithm = greatest(preds), f"LN({'+'.join(powers(list(map(within, preds))))})"
        of_class = f"{chosen(weights, y)}*({chosen(preds, y)}-{most}-{logarithm})"
        below = "+".join(
            f"{w}*({x}-{most}-{logarithm})"
            for w, x in zip(weights, map(within, preds), strict=True)
        )
        smooth = "{label_smoothing}"
        return f"-((1-{smooth})*{of_class}+{smooth}/{count}*({below}))"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        (y,), count, weights = ys, len(preds), self.weight_cells(preds)
        each, smooth = powers(list(map(within, preds))), "{label_smoothing}"
        own, whole = chosen(weights, y), f"({'+'.join(weights)})"
        return [
            f"(1-{smooth})*{own}*({power}/({'+'.join(each)})-IF({y}={c},1,0))"
            f"+{smooth}/{count}*({power}/({'+'.join(each)})*{whole}-{weight})"
            for c, (power, weight) in enumerate(zip(each, weights, strict=True))
        ]

    def label_fault(self, y: float, predictions: int) -> str:
        return class_fault(y, predictions)

    # Torch side

    def module(self, label_smoothing: float = 0.0, **weights: float) -> nn.Module:
        import torch

        class OfClasses(torch.nn.CrossEntropyLoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return super().forward(input, target.long())

        given = class_weights(weights) if weights else None
        return OfClasses(given, reduction="none", label_smoothing=label_smoothing)

    def by_steps(
        self,
        pred: Tensor,
        y: Tensor,
        rounding: Callable[[Tensor], Tensor],
        label_smoothing: float = 0.0,
        **weights: float,
    ) -> Tensor:
        own, logarithms = class_weights(weights), by_steps(pred, rounding)
        of_class = logarithms.gather(-1, y.long().unsqueeze(-1))[..., 0] * own[y.long()]
        alike = (logarithms * own).mean(-1)
        return -((1 - label_smoothing) * of_class + label_smoothing * alike)


LOSS = WeightedCrossEntropy()
