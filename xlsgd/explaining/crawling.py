"""A run whose loss is level though there is much left to gain: not done, only slow.

At its end the loss is looked at as the parabola that it is there: along every direction in which it
bends, its slope and its bend say how far away the bottom is, and what it would take away. What is
not reached yet because the steps were too few for such a gentle bend, was not given up.
"""

from __future__ import annotations

import math

from xlsgd.explaining.level import Crawl
from xlsgd.explaining.training import Training
from xlsgd.torch_side.stability import hessian, slopes
from xlsgd.training.sums_of_weights import adds_up

__all__ = ["crawl_of"]

_LEVEL = ("converged", "standing still")
_MOST = 60
"""Weights: of more, the table of all second derivatives is not written down."""
_WORTH = 0.1
"""A loss that could be less by such a share is not where it will end."""
_UNDER_WAY = 3.0
"""Rates of all steps together, times the bend: at so much, 5 % of what was missing is left."""
_ROUNDED = 1e-9
"""What is left of a loss once all that it could lose is taken away may be rounding."""
_NOISE = 1e-11
"""Bends of this share of the largest one may be rounding."""


def crawl_of(training: Training) -> Crawl | None:
    """Return what a run has left that stands as if it were done; None if there is nothing much, and
    for optimizers whose steps do not follow the slope."""
    import torch

    experiment = training.experiment
    rates = [training.rate(step) for step in range(1, training.steps + 1)]
    names = [p for p in experiment.network.parameters if p in {*experiment.trained}]
    if (
        training.kind not in _LEVEL
        or not experiment.optimizer.step_is_slope
        or not experiment.schedule.steady  # where the rate has gone, it is the rate that is told of
        or experiment.transforms
        or not 0 < len(names) <= _MOST
        or not rates[-1] > 0
    ):
        return None
    there = training.before(training.steps + 1)
    slope = slopes(experiment, training.data, there)
    bent = hessian(experiment, training.data, there, names)
    if not (torch.isfinite(bent).all() and all(map(math.isfinite, slope.values()))):
        return None
    bends, directions = torch.linalg.eigh(bent)
    along = directions.T @ torch.tensor([slope[p] for p in names], dtype=torch.float64)
    steepest = float(bends[-1])
    every = torch.where(bends > _NOISE * steepest, along**2 / (2 * bends), 0.0)
    slow = torch.where(bends * sum(rates) < _UNDER_WAY, every, 0.0)
    now = float(training.mean_losses[-1])
    if not float(slow.sum()) >= _WORTH * now > 0:
        return None
    bend, least = float(bends[int(slow.argmax())]), now - float(every.sum())
    return Crawl(
        bend=bend,
        steepest=steepest,
        steps=1 / (rates[-1] * bend),
        least=least if least > _ROUNDED * now else 0.0,
        slope=float(along.norm()),
        exact=adds_up(experiment.network) and (experiment.loss.curvature or 0) > 0,
    )
