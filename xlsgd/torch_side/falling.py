"""Rates of many runs of which each follows its own losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["falls_of", "rates_by_group", "run_by_run"]


def falls_of(
    variants: Sequence[Experiment], which: NDArray[np.int64], rates: Tensor
) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Return what the schedule makes of rates after every epoch, where it goes by losses; see
    ``Schedule.of_many``.

    variants: experiments.   which: the one that each run has.   rates: any tensor like the rates.
    """
    schedule = variants[0].schedule
    if not schedule.follows_losses:
        return None
    keys = [given.key for given in schedule.hyperparameters]
    return schedule.of_many(
        {key: rates.new_tensor([variants[i].hyperparameter(key) for i in which]) for key in keys}
    )


def run_by_run(
    variants: Sequence[Experiment], which: NDArray[np.int64]
) -> tuple[list[Experiment], NDArray[np.int64]]:
    """Return the same with an experiment for every run: torch's optimizer has one rate for a step,
    where that is not the rate times something."""
    return [variants[i] for i in which], np.arange(len(which))


def rates_by_group(
    experiment: Experiment, rates: Tensor, run: int
) -> tuple[float, dict[str, float]]:
    """Return the rate of a run, and those of groups that have one of their own.

    rates: of every weight, shape (weights, runs).
    """
    rate, own = 0.0, dict[str, float]()
    for p, value in zip(experiment.network.parameters, rates[:, run].tolist(), strict=True):
        group = experiment.group(p)
        if group is not None and group.name in experiment.rate_names:
            own[group.name] = value
        elif p in experiment.trained:
            rate = value
    return rate, own
