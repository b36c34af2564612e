"""What there is to say of a learning rate that moves from step to step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xlsgd.explaining.training import Training
from xlsgd.explaining.words import percent, rate

__all__ = ["moving_sentences", "of_step", "schedule_words"]

_SHOWN = 6
"""Epochs that are named."""
_HARDLY = 0.01
"""A share of the greatest rate at which weights hardly move any more."""


def of_step(training: Training, step: int) -> str:
    """Return the words for the rate of a step: with a schedule it is not what is typed in."""
    if training.experiment.schedule.steady:
        return "learning_rate"
    return f"the rate of that step, {rate(training.rate(step))},"


def schedule_words(training: Training) -> str:
    """Return which schedule there is and where it leads; nothing without one."""
    if training.experiment.schedule.steady:
        return ""
    rates = _rates(training)
    greatest = int(np.argmax(rates)) + 1
    when = "at first" if greatest == 1 else f"in step {greatest}"
    return (
        f" with the schedule {training.experiment.schedule.name} (rates from {rate(rates.min())} "
        f"to {rate(rates.max())}, greatest {when}, {rate(rates[-1])} at last)"
    )


def moving_sentences(training: Training) -> Iterator[str]:
    """Yield what a trend may owe to the rate, and not to the loss."""
    if training.experiment.schedule.steady:
        return
    trend, rates = str(training.panel["trend"]), _rates(training)
    if training.experiment.schedule.follows_losses:
        fell = [training.epoch(int(i) + 2) for i in np.flatnonzero(np.diff(rates) < 0)]
        if fell:
            shown = ", ".join(map(str, fell[:_SHOWN])) + (", …" if len(fell) > _SHOWN else "")
            yield (
                f"The rate fell with epoch {shown}: the mean loss of the epochs before had no "
                "longer become better than the best."
            )
        else:
            yield "The rate did not fall: no mean loss of an epoch was a reason for it."
    last = rates[-max(1, len(rates) // training.epochs) :].max()
    falls = last < _HARDLY * rates.max()
    if falls and trend in ("converged", "converging slowly", "standing still", "too slow"):
        yield (
            f"In the last epoch the rate is {rate(last)} at most, {percent(last / rates.max())} of "
            "what it was at its greatest: the weights may have come to rest before they were "
            "there, because the rate has."
        )
    again = bool((np.diff(rates) > 0).any() and (np.diff(rates) < 0).any())
    if again and trend in ("oscillating", "diverging", "creeping up"):
        yield "The rate goes up and down as well: what holds at one rate need not at the greatest."


def _rates(training: Training) -> np.ndarray:
    return np.array([training.rate(step) for step in range(1, training.steps + 1)])
