"""What colour a run has on a map: by how far it got, by when it exploded, by what died.

The same colours are used by the picture and by the workbook. They come from two scales that can
be told apart by most colour-blind readers and in grey: blue-green for losses, red for explosions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.sweeping.grid import Sweep

__all__ = ["LOSSES", "LOST", "OTHERS", "Scale", "explosion_scale", "loss_scale"]

Floats = NDArray[np.float64]

LOSSES = ("#082a54", "#0b5f8a", "#1f8fa3", "#63bda8", "#b5dfb3", "#f4f6cf")
"""From the lowest loss to the highest."""
LOST = ("#4a0713", "#8f1423", "#c9352c", "#e8704a", "#f6a878", "#fbd9bd")
"""From the first step to the last."""
OTHERS = {"dead": "#8b929c", "frozen": "#4f6fd0", "zero gradient": "#b59bd6"}
"""Runs in which something stopped for good, by their kind."""


@dataclass(frozen=True)
class Scale:
    """A scale of colours for numbers above 0, by their logarithm.

    low, high: the numbers of the first colour and of the last; 0 < low < high.
    """

    low: float
    high: float
    colours: tuple[str, ...]

    def place(self, values: Floats) -> Floats:
        """Return where values stand between the ends, 0 to 1."""
        with np.errstate(all="ignore"):
            share = np.log(values / self.low) / np.log(self.high / self.low)
        return np.clip(np.where(np.isnan(share), 0.0, share), 0.0, 1.0)


def loss_scale(losses: Floats) -> Scale | None:
    """Return the scale for losses; the few lowest and highest do not stretch it."""
    some = losses[np.isfinite(losses) & (losses > 0)]
    if not len(some):
        return None
    low, high = np.quantile(some, (0.005, 0.98))
    if high < 1.5 * low:
        middle = float(np.sqrt(low * high))
        low, high = middle / 1.25, middle * 1.25
    return Scale(float(low), float(high), LOSSES)


def explosion_scale(sweep: Sweep) -> Scale | None:
    """Return the scale for the steps in which runs exploded."""
    steps = sweep.numbers["exploded_step"]
    if not (steps > 0).any():
        return None
    last = max(sweep.steps_per_epoch * sweep.experiment.epochs, 2)
    return Scale(max(1.0, float(steps[steps > 0].min())), float(last) + 1, LOST)
