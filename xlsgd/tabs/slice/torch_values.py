"""What torch has for a slice tab."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.slice.columns import POINTS
from xlsgd.torch_side.mean_losses import MeanLosses

__all__ = ["sliced"]

Floats = NDArray[np.float64]
Members = dict[str, Floats]


def sliced(
    losses: MeanLosses,
    now: Mapping[str, Floats],
    ends: tuple[Floats, Floats],
    weight: str,
    numbers: Mapping[str, float],
) -> tuple[Members, Members]:
    """Return the fields, shape (members,), and the columns, shape (members, points).

    now: all weights.   ends: the chosen one at the start and at the end.
    numbers: what is typed in, and what stands on the tab of the run.
    """
    here = now[weight]
    h, rate, beside = (numbers[key] for key in ("h", "rate", "beside"))

    def at(values: Floats) -> Floats:
        others = {p: value[:, None] for p, value in now.items()}
        return losses.at({**others, weight: values})

    found: Members = {f"now.{p}": value for p, value in now.items()}
    found |= {"here": here, "at_start": ends[0], "at_end": ends[1]}
    below, above, loss = (at(x[:, None])[:, 0] for x in (here - h, here + h, here))
    found |= {"loss_below": below, "loss_above": above, "loss_here": loss}
    slope = (above - below) / (2 * h)
    found |= {"slope": slope, "step_to": here - rate * slope}
    found["loss_there"] = at(found["step_to"][:, None])[:, 0]
    every = np.stack([here, found["step_to"], *ends])
    apart = every.max(0) - every.min(0)
    more = np.where(apart[0] > 0, apart, 1.0) * beside
    found |= {"from": every.min(0) - more, "to": every.max(0) + more}
    place = np.arange(1.0, POINTS + 1)
    low, high = found["from"][:, None], found["to"][:, None]
    points = low + (high - low) * (place - 1) / (POINTS - 1)
    tangent = loss[:, None] + slope[:, None] * (points - here[:, None])
    return found, {
        "point": np.broadcast_to(place, points.shape),
        "at": points,
        "mean_loss": at(points),
        "tangent": np.where(tangent[0] < 0, np.nan, tangent),
    }
