"""The largest stable learning rate: where the map of an epoch begins to grow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.torch_side.stability.epoch_map import EpochMap
from xlsgd.torch_side.stability.linear_step import LinearStep
from xlsgd.torch_side.stability.linearity import NoLimitError
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Limit", "spectral_radius", "stability_limit", "step_border"]

NOTICEABLE = 1e-13
"""Growth an epoch that counts as growth: what is smaller may be rounding, and takes 1e13 epochs."""

FINEST, COARSEST = 4096, 256
"""Learning rates tried between one rate and its double, at most and at least."""

_EFFORT, _MOST = 2.5e8, 3e7
"""Multiplications for all of these rates, and the most for one: about a second, a tenth of it."""

_ZOOM = 33
"""Rates tried where the search goes on finer."""


@dataclass(frozen=True)
class Limit:
    """The largest stable learning rate, or why there is none.

    value: the smallest learning rate above 0 at which the spectral radius of one epoch reaches 1.
        Above it narrow windows may be stable again. None where there is no limit.
    reason: a sentence that says why there is none, else empty.
    resolution: the rates tried on the way were this share of the rate apart, at most.
    """

    value: float | None
    reason: str = ""
    resolution: float | None = None


def stability_limit(experiment: Experiment, data: Dataset) -> Limit:
    """Return the largest learning rate at which an experiment settles, whatever its start.

    The experiment's own learning rate, start, epochs and y play no part. A numerical gradient has
    the same limit: a central difference of a parabola is exact, and a forward difference is off by
    h times half the curvature, the same in every epoch, which moves where the run ends and not
    whether it does.

    Method: below some rate stability can be proved (``LinearStep.safe_rate``). From just below
    it upwards, octave by octave, the spectral radius is found for thousands of rates, until it
    is above 1; between the two rates the search goes on, finer and finer. Where it peaks below 1 so
    closely that the top may lie above, between two rates, the peak is searched as well.
    A window of instability is missed if it is narrower than ``resolution`` and the rates around
    show no peak; and growth by less than 1e-13 an epoch counts as none.
    """
    try:
        epoch = EpochMap.of(experiment, data).hardest()
    except NoLimitError as reason:
        return Limit(None, str(reason))
    if epoch.effort > _MOST:
        return Limit(
            None,
            f"one epoch of {data.rows} rows is too long to be tried with so many weights, "
            f"{len(experiment.network.parameters)}, at thousands of learning rates",
        )
    border, points = _border(epoch)
    return Limit(border / epoch.steepest, resolution=1 / points)


def step_border(step: LinearStep) -> float:
    """Return at which learning rate times curvature an optimizer begins to be unstable, on a
    parabola of one weight; 2 for gradient descent."""
    import torch

    return _border(EpochMap(1.0, (torch.ones(1, 1, dtype=torch.float64),), step))[0]


def _border(epoch: EpochMap) -> tuple[float, int]:
    """Return the first rate times steepest at which a map begins to grow, and how many rates were
    tried between one and its double."""
    import torch

    points = int(min(max(_EFFORT / epoch.effort, COARSEST), FINEST))
    rates = 0.9 * epoch.step.safe_rate() * torch.linspace(1, 2, points + 1, dtype=torch.float64)
    while (found := _first_crossing(epoch, rates)) is None:
        rates = 2 * rates
    below, above = found
    while above - below > 4 * math.ulp(above):
        finer = torch.linspace(below, above, _ZOOM, dtype=torch.float64)
        # The ends are known; where rounding denies the upper one, it is the upper one.
        grown = epoch.growth(finer[1:-1]) > NOTICEABLE
        first = int(grown.int().argmax()) + 1 if grown.any() else _ZOOM - 1
        below, above = float(finer[first - 1]), float(finer[first])
    return (below + above) / 2, points


def spectral_radius(
    experiment: Experiment, data: Dataset, learning_rates: ArrayLike
) -> NDArray[np.float64]:
    """Return by how much one epoch stretches the distance from the solution in the long run.

    Weights that no loss depends on are left out. Of the same shape as learning_rates, which are 0
    or greater; infinite where the map of an epoch overflows.
    Raises NoLimitError if an epoch is no linear map, SpecError for learning rates below 0.
    """
    import torch

    wanted = np.asarray(learning_rates, dtype=np.float64)
    if not (np.isfinite(wanted) & (wanted >= 0)).all():
        raise SpecError("learning_rates: need numbers of 0 or greater")
    epoch = EpochMap.of(experiment, data)
    with np.errstate(over="ignore"):  # a rate of 1e308: the map overflows, as said above
        steepness = wanted.reshape(-1) * epoch.steepest
    rates = torch.from_numpy(steepness)
    sizes: NDArray[np.float64] = (1 + epoch.eigenvalues(rates)).abs().amax(-1).numpy()
    return sizes.reshape(wanted.shape)


def _first_crossing(epoch: EpochMap, rates: Tensor) -> tuple[float, float] | None:
    """Return the first two neighbouring rates between which growth begins, None if there are none.

    rates: rising, the first of them stable.
    """
    growth = epoch.growth(rates)
    grown = growth > NOTICEABLE
    end = max(int(grown.int().argmax()), 1) if grown.any() else len(rates)
    found = [(float(rates[end - 1]), float(rates[end]))] if end < len(rates) else []
    return min([*found, *_hidden(epoch, rates[:end], growth[:end])], default=None)


def _hidden(epoch: EpochMap, rates: Tensor, growth: Tensor) -> list[tuple[float, float]]:
    """Return the crossings on peaks whose tops may lie between two stable rates."""
    import torch

    if len(rates) < 3:
        return []
    before, top, after = growth[:-2], growth[1:-1], growth[2:]
    fall = torch.maximum(top - before, top - after)
    peak = (top >= before) & (top >= after) & (top + 2 * fall > NOTICEABLE)
    at = peak.nonzero()[:, 0] + 1
    left, right = rates[at - 1], rates[at + 1]
    crossings = []
    for _ in range(5):
        if not len(left):
            break
        share = torch.linspace(0, 1, _ZOOM, dtype=torch.float64)
        finer = left[:, None] + (right - left)[:, None] * share
        grown = epoch.growth(finer.reshape(-1)).reshape(finer.shape)
        for zoomed, sizes in zip(finer, grown, strict=True):
            if (sizes > NOTICEABLE).any():
                first = max(int((sizes > NOTICEABLE).int().argmax()), 1)
                crossings.append((float(zoomed[first - 1]), float(zoomed[first])))
        highest = grown.argmax(1).clamp(1, _ZOOM - 2)
        index = torch.arange(len(finer))
        left, right = finer[index, highest - 1], finer[index, highest + 1]
    return crossings
