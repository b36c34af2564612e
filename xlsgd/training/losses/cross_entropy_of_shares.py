"""Cross-entropy of several logits and a share for every class, instead of the one class y."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Input
from xlsgd.training.losses.entropy import entropy
from xlsgd.training.losses.loss import Loss
from xlsgd.training.nets.log_softmax import by_steps
from xlsgd.training.stable import greatest, powers, within

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LOSS", "CrossEntropyOfShares"]


class CrossEntropyOfShares(Loss):
    """-Σ y_c·ln of the share that softmax gives to class c: torch.nn.CrossEntropyLoss where its
    targets are probabilities.

    A row has a target for every class. Their sum need not be 1, as in PyTorch. With label_smoothing
    s, a target counts 1 - s, and all classes share s equally.
    """

    name = "cross-entropy-of-shares"
    torch_class = "CrossEntropyLoss"
    paper = "−Σ y·ln softmax(pred)"
    paper_gradient = "softmax(pred)·Σ y − y"
    torch = (
        "torch.nn.functional.cross_entropy(pred, y, reduction='none', "
        "label_smoothing=label_smoothing)"
    )
    unit = "nats"
    guess = "the mean share of every class"
    takes = "logits"
    otherwise = "leave that out, or choose the loss nll after LogSoftmax"
    exact_labels = True
    several = True
    together = True
    weighted = "weighted-cross-entropy-of-shares"
    fewest = 2
    hyperparameters: ClassVar[tuple[Input, ...]] = (
        Input("label_smoothing", 0.0, "share that goes to all classes alike", minimum=0, below=1),
    )

    # Sheet side

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        # How far each is below the greatest, and then the logarithm: nothing cancels.
        most, logits = greatest(preds), list(map(within, preds))
        shares = self._smoothed(ys)
        below = "+".join(f"{y}*({x}-{most})" for x, y in zip(logits, shares, strict=True))
        return f"({'+'.join(shares)})*LN({'+'.join(powers(logits))})-({below})"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        each, shares = powers(list(map(within, preds))), self._smoothed(ys)
        whole, total = "+".join(shares), "+".join(each)
        return [f"{power}/({total})*({whole})-{y}" for power, y in zip(each, shares, strict=True)]

    def _smoothed(self, ys: Sequence[str]) -> list[str]:
        smooth = "{label_smoothing}"
        return [f"((1-{smooth})*{y}+{smooth}/{len(ys)})" for y in ys]

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if 0 <= y <= 1 else "the probability of a class, from 0 to 1"

    # Torch side

    def module(self, label_smoothing: float = 0.0) -> nn.Module:
        import torch

        return torch.nn.CrossEntropyLoss(reduction="none", label_smoothing=label_smoothing)

    def by_steps(
        self,
        pred: Tensor,
        y: Tensor,
        rounding: Callable[[Tensor], Tensor],
        label_smoothing: float = 0.0,
    ) -> Tensor:
        shares = (1 - label_smoothing) * y + label_smoothing / y.shape[-1]
        return -(shares * by_steps(pred, rounding)).sum(-1)

    def constant_of(self, targets: Sequence[Sequence[float]], **options: float) -> float | None:
        # With smoothing, or of shares that are not all of a row, nobody has asked yet.
        rows = list(zip(*targets, strict=True))
        if options.get("label_smoothing") or any(abs(sum(row) - 1) > 1e-9 for row in rows):
            return None
        return entropy(sum(column) / len(column) for column in targets)


LOSS = CrossEntropyOfShares()
