"""The border by trying: the first learning rate at which a run from this very start explodes.

For networks in which no formula gives a limit: there it depends on the start, and on how many
epochs one waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.torch_side.many_runs import train_many
from xlsgd.training.experiment import Experiment
from xlsgd.verdict import Verdicts, judge

__all__ = ["Border", "explodes", "explosion_border", "rates_below", "verdicts_at"]

_DECADES = (-12, 6)
_A_DECADE, _ZOOM, _ZOOMS = 20, 41, 3
_BELOW = 1.6
"""How far below the first rate that breaks a run is looked once more."""


@dataclass(frozen=True)
class Border:
    """Two neighbouring rates among those tried: at one the run holds, at the next it explodes."""

    holds: float
    explodes: float


def explosion_border(experiment: Experiment, data: Dataset, watched: str | None) -> Border | None:
    """Return where an experiment begins to explode, None if no rate from 1e-12 to 1e6 makes it.

    Tried are twenty rates a decade; then all rates of three digits some way below the first that
    explodes; then three times 41 between the first of these and the one before it. It is the
    smallest rate *found*: a window of explosion that is narrower than these distances is missed.
    Above the border there may be rates again at which the run holds. The experiment's own learning
    rate plays no part, its epochs do.
    watched: as for train_many.
    """
    low, high = _DECADES
    first = _first(experiment, data, watched, np.logspace(low, high, (high - low) * _A_DECADE + 1))
    if first is None:
        return None
    found = _first(experiment, data, watched, rates_below(first.explodes)) or first
    for _ in range(_ZOOMS):
        rates = np.linspace(found.holds, found.explodes, _ZOOM)
        found = _first(experiment, data, watched, rates) or found
    return found


def verdicts_at(
    experiment: Experiment, data: Dataset, watched: str | None, rates: NDArray[np.float64]
) -> Verdicts:
    """Return how an experiment goes at some learning rates, all else as it is; rates of groups keep
    their share of it.

    watched: as for train_many.
    """
    at = {p: experiment.share_of(p) * rates for p in experiment.network.parameters}
    return judge(train_many(experiment, data, at, {}, watched=watched))


def rates_below(high: float) -> NDArray[np.float64]:
    """Return all rates of three digits some way below a rate that breaks a run, and that rate.

    A run may break in a window narrower than the distance of the rates tried before.
    """
    low = high / _BELOW
    rates = {high}
    for power in range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1):
        rates |= {float(f"{digits}e{power - 2}") for digits in range(100, 1000)}
    return np.array(sorted(rate for rate in rates if low <= rate <= high))


def _first(
    experiment: Experiment, data: Dataset, watched: str | None, rates: NDArray[np.float64]
) -> Border | None:
    """Return the first two neighbours among rising rates between which a run begins to explode."""
    exploded = explodes(experiment, data, watched, rates)
    place = int(np.argmax(exploded))
    if not exploded[place] or place == 0:
        return None
    return Border(float(rates[place - 1]), float(rates[place]))


def explodes(
    experiment: Experiment, data: Dataset, watched: str | None, rates: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether an experiment explodes, for every learning rate."""
    return verdicts_at(experiment, data, watched, rates).steps["exploded_step"] > 0
