"""The border by trying: the first learning rate at which a run from this very start explodes.

For networks in which no formula gives a limit: there it depends on the start, and on how many
epochs one waits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.experiment import Experiment
from xlsgd.torch_side.many_runs import train_many
from xlsgd.verdict import judge

__all__ = ["Border", "explodes", "explosion_border"]

_DECADES = (-12, 6)
_A_DECADE, _ZOOM, _ZOOMS = 20, 41, 4


@dataclass(frozen=True)
class Border:
    """Two neighbouring rates among those tried: at one the run holds, at the next it explodes."""

    holds: float
    explodes: float


def explosion_border(experiment: Experiment, data: Dataset) -> Border | None:
    """Return where an experiment begins to explode, None if no rate from 1e-12 to 1e6 makes it.

    Tried are twenty rates a decade, then four times 41 between the first that explodes and the one
    before it: six digits. The experiment's own learning rate plays no part, its epochs do. Above
    the border there may be rates again at which the run holds.
    """
    low, high = _DECADES
    rates = np.logspace(low, high, (high - low) * _A_DECADE + 1)
    found: Border | None = None
    for _ in range(1 + _ZOOMS):
        exploded = explodes(experiment, data, rates)
        if not exploded.any():
            return found
        first = int(np.argmax(exploded))
        if first == 0:
            return found
        found = Border(float(rates[first - 1]), float(rates[first]))
        rates = np.linspace(found.holds, found.explodes, _ZOOM)
    return found


def explodes(
    experiment: Experiment, data: Dataset, learning_rates: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether an experiment explodes, for every learning rate."""
    rates = dict.fromkeys(experiment.network.parameters, learning_rates)
    verdicts = judge(train_many(experiment, data, rates, {}))
    return verdicts.steps["exploded_step"] > 0
