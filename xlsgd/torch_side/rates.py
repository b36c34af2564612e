"""The learning rate of every step, as torch's scheduler has it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment

__all__ = ["factors_of_steps", "rates", "rates_of_steps"]

Floats = NDArray[np.float64]


def rates(experiment: Experiment) -> Iterator[float]:
    """Yield the rate of every step, without end."""
    if experiment.schedule.steady:
        while True:
            yield experiment.learning_rate
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=experiment.learning_rate)
    keys = (given.key for given in experiment.schedule.hyperparameters)
    hyper = {key: experiment.hyperparameter(key) for key in keys}
    scheduler = experiment.schedule.torch_scheduler(optimizer, hyper)
    while True:
        yield float(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()


def rates_of_steps(experiment: Experiment, steps: NDArray[np.int64]) -> Floats:
    """Return the rates of some steps.  steps: their numbers, from 1."""
    if experiment.schedule.steady:
        return np.full(len(steps), experiment.learning_rate)
    known = np.array(list(islice(rates(experiment), int(steps.max(initial=0)))))
    return known[steps - 1]


def factors_of_steps(experiment: Experiment, steps: int) -> Floats:
    """Return the rates of the first steps, each as a factor of the learning rate, shape (steps,).

    Raises SpecError for a schedule whose rates are not the learning rate times something: many
    learning rates cannot be tried at once then.
    """
    from dataclasses import replace

    one, two = (
        np.array(list(islice(rates(replace(experiment, learning_rate=rate)), steps)))
        for rate in (1.0, 2.0)
    )
    if not np.allclose(two, 2 * one, rtol=1e-9, atol=0.0):
        raise SpecError(
            f"the rates of the schedule {experiment.schedule.name} are not learning_rate times "
            "something, so runs at many learning rates cannot be trained at once: no sweep, and no "
            "other rates to try. Train a workbook for each"
        )
    return one
