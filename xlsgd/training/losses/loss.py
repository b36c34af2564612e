"""What a loss has to tell."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Input
from xlsgd.base.registry import pick
from xlsgd.training.losses.reading import Reading

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["REDUCTIONS", "Loss"]

REDUCTIONS = ("mean", "sum")
"""What becomes of the losses of a batch, and of those of a row's targets."""


class Loss(ABC):
    """The loss of one row of data; a batch's loss is the mean over its rows, or their sum.

    Its hyperparameters are inputs of the tab: formulas have them as ``{delta}``, and what stands on
    torch's side takes them by their names.
    """

    name: ClassVar[str]
    paper: ClassVar[str]
    paper_gradient: ClassVar[str]
    torch: ClassVar[str]

    torch_class: ClassVar[str] = ""
    """Its class in torch.nn; "" where there is none."""
    torch_names: ClassVar[Mapping[str, str]] = {}
    """What torch calls a hyperparameter, where that is another name."""
    torch_needs: ClassVar[Mapping[str, Any]] = {}
    """Options that torch's class must have to be the same."""
    by_hand: ClassVar[str] = ""
    """The same in torch's arithmetic, where that is short."""
    hyperparameters: ClassVar[tuple[Input, ...]] = ()
    reading: ClassVar[Reading | None] = None
    """How its mean is read; None where the mean itself is what one reads."""
    unit: ClassVar[str] = ""
    """What the mean itself is in, such as ``nats``; "" where there is no word for it."""
    several: ClassVar[bool] = False
    """Whether it takes several predictions, as cross-entropy with one for each class."""
    fewest: ClassVar[int] = 1
    """How many predictions it takes at least."""
    takes: ClassVar[str] = ""
    """What a prediction has to be: ``logits``, ``probabilities`` or ``log-probabilities``; "" where
    any number will do. A network that ends in something else is warned of."""
    by_target: ClassVar[bool] = False
    """Whether several predictions may each have a target of their own, and a row's loss is the mean
    of the losses of all of them, as torch.nn.MSELoss has it."""
    apart: ClassVar[bool] = False
    """Whether each of its targets counts otherwise: then torch's side takes several along the last
    dimension."""
    has_weights: ClassVar[bool] = False
    """Whether the losses of rows have weights in them; see ``weighs``."""
    weighted: ClassVar[str] = ""
    """The name of the same loss with a weight for every class, or for every target; "" where there
    is none."""
    base: Loss | None = None
    """The loss of the registry that this is a variant of, None for that one itself."""
    together: ClassVar[bool] = False
    """Whether several predictions have as many targets, and one loss of all of these, as
    cross-entropy where a row has a probability for every class."""
    of_shares: ClassVar[str] = ""
    """The name of the same loss where several targets belong together; "" where there is none."""
    exact_labels: ClassVar[bool] = False
    """Whether y are labels: numbers beside which the next float64 is no label any more. Then
    ``label_fault`` says which are none."""
    jumps_at: ClassVar[str] = ""
    """The prediction at which its slope jumps: ``y``, or the name of a hyperparameter. ``y`` takes
    exact labels: next to it is another slope."""
    otherwise: ClassVar[str] = ""
    """What to do about a network that ends in something else than it takes, in words."""
    curvature: ClassVar[float | None] = None
    """Its second derivative in the prediction, where that is the same everywhere, and not 0."""
    cut: ClassVar[float] = 0.5
    """Predictions above this stand for y = 1, where predictions are counted right or wrong."""
    largest_y: ClassVar[float] = math.inf
    """Whose loss still is a number when 0 is predicted."""
    too_large: ClassVar[str] = "whose loss is beyond what a cell can hold"
    """Words about a y greater than that."""
    constant_words: ClassVar[str] = ""
    """What ``constant`` is, as it is read, in words: the standard deviation of y."""
    guess: ClassVar[str] = ""
    """What is predicted for every row there, in words; "" for the mean of y."""
    reduction: str = REDUCTIONS[0]
    """What becomes of the losses of a batch, and of those of a row's targets: ``mean`` or ``sum``,
    see ``reduced``."""

    def reduced(self, reduction: str) -> Loss:
        """Return the same loss with that reduction, as torch.nn has it; always the same object.

        Raises SpecError for another word than those in REDUCTIONS.
        """
        pick("reduction", reduction, dict.fromkeys(REDUCTIONS))
        return _variant(self.base or self, reduction, self.hyperparameters)

    def for_predictions(self, count: int) -> Loss:
        """Return the same loss with the hyperparameters that it has for so many predictions."""
        return _variant(self.base or self, self.reduction, self.inputs_for(count))

    def inputs_for(self, predictions: int) -> tuple[Input, ...]:
        """Return the hyperparameters for so many predictions."""
        return self.hyperparameters

    @property
    def weighs(self) -> bool:
        """Whether rows count by weights of their own: the mean over a batch is then the sum of its
        losses, which have the weights in them, divided by the sum of the weights."""
        return self.has_weights and not self.is_summed

    def row_weight(self, y: str, predictions: int) -> str:
        """Sheet side: return the expression of how many times a row counts, where it weighs."""
        raise NotImplementedError

    def row_weights(self, y: Tensor, **options: float) -> Tensor:
        """Torch side: return how many times rows count, of the shape of y."""
        raise NotImplementedError

    @property
    def is_summed(self) -> bool:
        """Whether the losses of a batch are added up, and not averaged."""
        return self.reduction == "sum"

    def forward(self, pred: str, y: str) -> str:
        """Sheet side: return the expression of the loss; pred may be a sum."""
        raise NotImplementedError

    def backward(self, pred: str, y: str) -> str:
        """Sheet side: return its derivative with respect to the prediction."""
        raise NotImplementedError

    def targets(self, predictions: int) -> tuple[str, ...]:
        """Return the quantities that a row's predictions are compared with: ``y``, or one for each
        prediction, ``y_1``, ``y_2``, …"""
        if predictions == 1 or not (self.by_target or self.together):
            return ("y",)
        return tuple(f"y_{i}" for i in range(1, predictions + 1))

    def losses_of_row(self, targets: int) -> int:
        """Return how many losses a row with so many targets has, of which a mean or a sum is
        taken."""
        return 1 if self.together else targets

    def of_row(self, preds: Sequence[str], ys: Sequence[str]) -> str:
        """Sheet side: return the loss of all predictions of a row.

        ys: one, or as many as predictions, see ``targets``.
        """
        losses = [self.forward(pred, y) for pred, y in zip(preds, ys, strict=True)]
        if len(losses) == 1:
            return losses[0]
        return "+".join(losses) if self.is_summed else f"({'+'.join(losses)})/{len(losses)}"

    def slopes(self, preds: Sequence[str], ys: Sequence[str]) -> list[str]:
        """Sheet side: return the derivative of ``of_row`` by every prediction."""
        slopes = [self.backward(pred, y) for pred, y in zip(preds, ys, strict=True)]
        if len(slopes) == 1 or self.is_summed:
            return slopes
        return [f"({slope})/{len(slopes)}" for slope in slopes]

    def label_fault(self, y: float, predictions: int) -> str:
        """Return what a label has to be, in words, where y is none; "" where it is one.

        predictions: how many the network makes.
        """
        return ""

    def of_arrays(self, pred: str, y: str) -> str | None:
        """Sheet side: return the expression of all losses for arrays; None where it takes more
        than arithmetic and comparisons, which work on arrays."""
        return None

    def before_learning(self, low: str, high: str) -> str:
        """Sheet side: return what a row may well cost before anything is learned: one or more
        arguments of MAX.   low, high: expressions of the least y and of the greatest."""
        return "10"

    @abstractmethod
    def module(self, *args: Any, **options: Any) -> nn.Module:
        """Torch side: return the same as PyTorch has it, one number a row.

        options: its hyperparameters by their names, if it has any.
        It takes predictions and y of one shape, any, and gives losses of that shape. A loss of
        several predictions takes those in the shape (rows, predictions).
        """

    def by_steps(self, *args: Any, **options: Any) -> Tensor | None:
        """Torch side: return what its module gives, by the steps that PyTorch takes to get there,
        each of them rounded; None where they do not matter, see Layer.by_steps.

        args: predictions, y, and what rounds.   options: its hyperparameters by their names.
        """
        return None

    def cost_before_learning(self, low: float, high: float) -> float:
        """Torch side of ``before_learning``."""
        return 10.0

    def constant(self, y: Sequence[float], *args: Any, **options: Any) -> float | None:
        """Return the mean loss that is left when the same is predicted for every row, the mean of
        y, or what stands for it; None where nobody knows.

        options: its hyperparameters by their names, if it has any.
        """
        return None

    def constant_of(self, targets: Sequence[Sequence[float]], **options: float) -> float | None:
        """Return ``constant`` for one target or several, a prediction for each."""
        found = [self.constant(y, **options) for y in targets]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if len(known) == len(found) else None

    def read(self, mean_loss: float) -> float:
        """Return a mean loss as it is read."""
        import numpy as np

        if self.reading is None:
            return mean_loss
        with np.errstate(all="ignore"):
            return float(self.reading.of(np.float64(mean_loss)))  # type: ignore[arg-type]


@cache
def _variant(loss: Loss, reduction: str, hyperparameters: tuple[Input, ...]) -> Loss:
    # One object for each: experiments are compared.
    if (reduction, hyperparameters) == (loss.reduction, loss.hyperparameters):
        return loss
    found = copy.copy(loss)
    vars(found).update(base=loss, reduction=reduction, hyperparameters=hyperparameters)
    return found
