"""The loss that counts as exploded, for runs that start at weights of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.losses import Loss
from xlsgd.verdict.threshold import explosion_threshold

__all__ = ["thresholds"]

Floats = NDArray[np.float64]


def thresholds(
    loss: Loss, targets: Sequence[Sequence[float]], worst: Floats, added_up: int = 1
) -> Floats:
    """Return the loss that counts as exploded for every run.

    worst: the worst loss at the start, shape (runs,).   added_up: how many losses it adds up.
    The rule gives one number of a few for any loss and never falls: where the two ends of a
    stretch agree, so does all between them.
    """
    known, which = np.unique(np.where(np.isfinite(worst), worst, 0.0), return_inverse=True)
    found = np.empty_like(known)

    def fill(first: int, last: int, low: float, high: float) -> None:
        if low == high or last - first < 2:
            found[first : last + 1] = low
            found[last] = high
            return
        middle = (first + last) // 2
        between = explosion_threshold(loss, targets, float(known[middle]), added_up)
        fill(first, middle, low, between)
        fill(middle, last, between, high)

    ends = (explosion_threshold(loss, targets, float(v), added_up) for v in (known[0], known[-1]))
    fill(0, len(known) - 1, *ends)
    return found[which]
