"""The border between runs that are lost and runs that are not, and a closer look at it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.sweeping.axes import Axis
from xlsgd.sweeping.grid import Sweep

__all__ = ["CLOSER", "border", "closer", "lost"]

CLOSER = 10
"""How many times narrower the window of the next closer look is."""


def lost(sweep: Sweep) -> NDArray[np.bool_]:
    """Return which runs stand beyond the border: those that exploded.

    Where that is none or all of them: those that exploded or in which a unit died.
    """
    exploded = sweep.numbers["exploded_step"] > 0
    if exploded.any() and not exploded.all():
        return exploded
    return np.isin(sweep.kinds, ("exploded", "dead"))


def border(sweep: Sweep) -> tuple[int, int] | None:
    """Return the two neighbours on the first axis between which the border lies.

    Of all such places, the first in the line nearest the middle of the second axis that has one.
    None where there is none.
    """
    beyond = sweep.grid(lost(sweep))
    lines, places = sweep.shape
    for line in sorted(range(lines), key=lambda i: abs(2 * i - (lines - 1))):
        change = np.flatnonzero(beyond[line, 1:] != beyond[line, :-1])
        if len(change):
            run = line * places + int(change[0])
            return run, run + 1
    return None


def closer(sweep: Sweep) -> tuple[Axis, ...]:
    """Return the axes of a window around the border, CLOSER times narrower.

    Raises SpecError where there is no border, or float64 ends.
    """
    found = border(sweep)
    if found is None:
        raise SpecError(
            "zoom: all runs of this window lie on one side of the border; choose a window with "
            "runs that explode, or in which a unit dies, and others"
        )
    ends = [sweep.point(run) for run in found]
    return tuple(_narrowed(axis, [point[axis.name] for point in ends]) for axis in sweep.axes)


def _narrowed(axis: Axis, around: Sequence[float]) -> Axis:
    """Return an axis with a narrower range in whose middle some values stand."""

    def scaled(value: float) -> float:
        return math.log(value) if axis.log else value

    low, high = scaled(axis.low), scaled(axis.high)
    first, last = scaled(around[0]), scaled(around[-1])
    half = max((high - low) / CLOSER, 2 * (last - first)) / 2
    middle = (first + last) / 2

    def value(place: float) -> float:
        return float(f"{math.exp(place) if axis.log else place:.15g}")

    return Axis(axis.name, value(middle - half), value(middle + half), axis.steps, axis.log)
