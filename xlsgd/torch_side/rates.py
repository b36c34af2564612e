"""The learning rate of every step, as torch's scheduler has it, and what moves with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import LEARNING_RATE
from xlsgd.training.schedules.schedule import COUNT, EVERY, MOMENTUM, RATE

if TYPE_CHECKING:
    import torch

__all__ = [
    "NotScalingError",
    "Scheduled",
    "factors_of_steps",
    "live_optimizer",
    "rates_now",
    "rates_of_steps",
    "scheduled",
    "scheduled_of_steps",
    "steady_rates",
]

Floats = NDArray[np.float64]


class NotScalingError(SpecError):
    """Steps are not learning_rate times something: runs at several rates are trained apart."""


Scheduled = dict[str, float]
"""What a schedule gives to a step: its rate, and what else columns show."""


def steady_rates(experiment: Experiment) -> Scheduled:
    """Return the rates that are typed in: that of all, and those of groups with their own."""
    names, found = experiment.rate_names, {RATE: experiment.learning_rate}
    for group in experiment.param_groups:
        if group.name in names:
            found[names[group.name]] = experiment.hyperparameter(group.own(LEARNING_RATE))
    return found


def live_optimizer(experiment: Experiment, momentum: float = 0.0) -> torch.optim.Optimizer:
    """Return an optimizer with the rates that are typed in, a group of weights for each, for
    torch's scheduler to set."""
    import torch

    groups = [{"params": [torch.zeros(1)], "lr": r} for r in steady_rates(experiment).values()]
    return torch.optim.SGD(groups, lr=experiment.learning_rate, momentum=momentum)


def rates_now(experiment: Experiment, optimizer: torch.optim.Optimizer) -> Scheduled:
    """Return the rates that such an optimizer has now, by their names."""
    rates = (float(group["lr"]) for group in optimizer.param_groups)
    return dict(zip(steady_rates(experiment), rates, strict=True))


def scheduled(experiment: Experiment) -> Iterator[Scheduled]:
    """Yield what the schedule gives to every step, without end."""
    schedule = experiment.schedule
    if schedule.steady:
        while True:
            yield steady_rates(experiment)
    moves = bool(schedule.moved(experiment.optimizer))
    optimizer = live_optimizer(experiment, 0.5 if moves else 0.0)
    keys = (given.key for given in schedule.hyperparameters)
    hyper = {key: experiment.hyperparameter(key) for key in keys}
    scheduler = schedule.torch_scheduler(optimizer, hyper)
    every, step = hyper.get(EVERY.key, 1.0), 0
    while True:
        group = optimizer.param_groups[0]
        found = {**rates_now(experiment, optimizer), COUNT: float(math.floor(step / every))}
        found |= {name: float(getattr(scheduler, key)) for name, key in schedule.shown.items()}
        if moves:
            found[MOMENTUM] = float(group["momentum"])
        yield found
        step += 1
        if math.floor(step / every) > found[COUNT]:
            optimizer.step()
            scheduler.step()


def scheduled_of_steps(experiment: Experiment, steps: NDArray[np.int64]) -> dict[str, Floats]:
    """Return what the schedule gives to some steps.  steps: their numbers, from 1."""
    if experiment.schedule.steady:
        rates = steady_rates(experiment)
        return {name: np.full(len(steps), rate) for name, rate in rates.items()}
    known = list(islice(scheduled(experiment), max(1, int(steps.max(initial=0)))))
    return {name: np.array([each[name] for each in known])[steps - 1] for name in known[0]}


def rates_of_steps(experiment: Experiment, steps: NDArray[np.int64]) -> Floats:
    """Return the rates of some steps.  steps: their numbers, from 1."""
    return scheduled_of_steps(experiment, steps)[RATE]


def factors_of_steps(experiment: Experiment, steps: int) -> Floats:
    """Return the rates of the first steps, each as a factor of the learning rate, shape (steps,).

    Raises NotScalingError for a schedule whose rates are not the learning rate times something, and
    SpecError for one that follows losses: many learning rates cannot be tried at once then.
    """
    from dataclasses import replace

    if experiment.schedule.follows_losses:
        raise SpecError(
            f"the rates of the schedule {experiment.schedule.name} follow from the losses of a "
            "run, which are others in every run: they are no factors that could be told beforehand"
        )
    numbers = np.arange(1, steps + 1)
    one, two = (
        rates_of_steps(replace(experiment, learning_rate=rate), numbers) for rate in (1.0, 2.0)
    )
    if not np.allclose(two, 2 * one, rtol=1e-9, atol=0.0):
        raise NotScalingError(
            f"the rates of the schedule {experiment.schedule.name} are not learning_rate times "
            "something, so no layer can have a rate of its own: sweep over learning_rate"
        )
    return one
