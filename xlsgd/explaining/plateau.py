"""Plateaus: a loss that stands, though derivatives are left and no unit is dead."""

from __future__ import annotations

import numpy as np

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import Plateau
from xlsgd.explaining.layer_slopes import size_of
from xlsgd.explaining.training import BROKEN, GRADIENTS, Training
from xlsgd.torch_side.stability import slopes
from xlsgd.training.sums_of_weights import adds_up
from xlsgd.verdict.rules import CLEAR

__all__ = ["has_learned", "plateau_of"]

_EPOCHS = 3
"""A loss is looked at for so many epochs, the last ones."""
_ABOUT = 0.05
"""A run that stands is on a plateau if it is this near to always predicting the mean: it has found
nothing in the inputs. One that stands further below has converged."""
_LEARNED = 0.1
"""Of a run that leaves no more than this share of what always predicting the mean gives, it is not
asked what holds it back."""


def plateau_of(training: Training, constant: float | None, where: Citation) -> Plateau | None:
    """Return since when and where a run stands without having learned anything of its inputs.

    constant: the mean loss of always predicting the mean; None where nobody knows.
    None for a run that is broken, one that moves, one that has got below that, and for networks
    that only add up: where their loss is level, it is at its minimum.
    """
    if adds_up(training.experiment.network):
        return None
    epochs, rows = training.epochs, training.data.rows
    if constant is None or not constant > 0 or epochs < _EPOCHS or training.kind in BROKEN:
        return None
    losses = training.losses[: epochs * rows].reshape(epochs, rows).mean(-1)[-_EPOCHS:]
    if not np.isfinite(losses).all() or training.experiment.learning_rate == 0:
        return None
    lowest, highest = float(losses.min()), float(losses.max())
    if highest - lowest > CLEAR * highest or abs(losses[-1] - constant) > _ABOUT * constant:
        return None
    start, end = (
        slopes(training.experiment, training.data, training.before(step))
        for step in (1, training.steps + 1)
    )
    size = size_of(list(end.values()))
    if not size > 0:
        return None
    largest = max(end, key=lambda p: abs(end[p]))
    cells = (where.step(f"{k}.{largest}", training, training.steps) for k in GRADIENTS)
    return Plateau(
        epochs=_EPOCHS,
        lowest=lowest,
        highest=highest,
        constant=constant,
        start_size=size_of(list(start.values())),
        end_size=size,
        cell=next(filter(None, cells), ""),
    )


def has_learned(training: Training, constant: float | None) -> bool:
    """Return whether a run leaves so little that it need not be asked what holds it back.

    Where nobody knows what one prediction for all rows gives, the start's loss has to do.
    """
    before = training.number("start_loss") if constant is None else constant
    return training.kind != "exploded" and training.mean_loss <= _LEARNED * before
