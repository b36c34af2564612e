"""What a verdict goes by, under the names that a layout gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xlsgd.training.losses.reading import Reading
from xlsgd.training.nets.silence import Silence
from xlsgd.training.wording import Wording

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """What the verdict goes by.

    units: unit that can die to the expression that is above 0 where it lets something through.
    silences: unit to when it is silent.
    numerical, backprop: the quantities whose two kinds of derivative are compared.
    gradients: weight to the quantity that holds the derivative that moves it.
    groups: weights by what is said of them together, see Network.groups; the derivatives of a
        group stand side by side.
    completed: the expression of how many epochs have been completed.
    mean_loss: the expression of the mean loss of an epoch.   accuracy: the same, if it has one.
    start_loss: the expression of the mean loss at the start weights.
    worst_start: the expression of the greatest loss of a row at the start weights.
    adds_up: expressions of how many losses the loss of a row of the table adds up, to be
        multiplied; none where it is one, or a mean.
    moves: whether the learning rate moves from step to step.
    curvature: whether every row has its learning rate times curvature.
    start_column: the expression of a row's loss at the start weights, where rows have it.
    cut: predictions above it stand for y = 1.   reading: how the mean loss is read.
    wording: what its sentences speak of.
    weights: all of them, where some are kept fixed.
    missing: the expressions that name what has no number, see xlsgd.verdict.missing; none in tabs
        that an earlier version wrote.
    """

    units: Mapping[str, str]
    silences: Mapping[str, Silence]
    numerical: tuple[str, ...]
    backprop: tuple[str, ...]
    gradients: Mapping[str, str]
    completed: str
    mean_loss: str
    start_loss: str
    worst_start: str
    wording: Wording
    groups: Mapping[str, tuple[str, ...]]
    adds_up: tuple[str, ...] = ()
    moves: bool = False
    curvature: bool = False
    start_column: str | None = None
    accuracy: str | None = None
    cut: float = 0.5
    reading: Reading | None = None
    weights: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The weights, in order."""
        return self.weights or tuple(self.gradients)
