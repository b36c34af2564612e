"""What torch has for a plane tab."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.plane.columns import LEVELS, PLACES
from xlsgd.torch_side.mean_losses import MeanLosses

__all__ = ["plane"]

Floats = NDArray[np.float64]
Members = dict[str, Floats]


def plane(
    losses: MeanLosses,
    now: Mapping[str, Floats],
    ways: Mapping[str, Floats],
    weights: Mapping[str, str],
    beside: float,
) -> tuple[Members, Members, Members]:
    """Return the fields, shape (members,), and the columns of the way and of the map.

    now: all weights.   ways: of both directions, shape (members, epochs + 1).
    weights: which weight each direction has.
    """
    fields: Members = {f"now.{p}": value for p, value in now.items()}
    columns: Members = {}
    along = {}
    for at, taken in ways.items():
        low, high = taken.min(1), taken.max(1)
        more = np.where(high[0] > low[0], high - low, 1.0) * beside
        begin, end = low - more, high + more
        fields |= {f"from_{at}": begin, f"to_{at}": end}
        columns[f"way_{at}"] = taken
        share = (taken - begin[:, None]) / (end - begin)[:, None]
        columns[f"plot_{at}"] = share * (PLACES - 1) + 1
        share = np.arange(PLACES) / (PLACES - 1)
        along[at] = begin[:, None] + share * (end - begin)[:, None]
    count = np.arange(float(ways["up"].shape[1]))
    columns["epochs_done"] = np.broadcast_to(count, ways["up"].shape)
    heights = fields["to_up"][:, None] - (along["up"] - fields["from_up"][:, None])
    given = {p: value[:, None] for p, value in now.items()}
    # All pairs, row by row; where both directions are one weight, across decides.
    given[weights["up"]] = np.repeat(heights, PLACES, axis=1)
    given[weights["across"]] = np.tile(along["across"], PLACES)
    square = losses.at(given).reshape(-1, PLACES, PLACES)
    cells: Members = {f"loss.{i + 1}": square[:, :, i] for i in range(PLACES)}
    cells["height"] = heights
    cells["place"] = np.broadcast_to(np.arange(1.0, PLACES + 1), heights.shape)
    top = square.max((1, 2))
    for i in range(1, LEVELS + 1):
        fields[f"level.{i}"] = top / 10 ** ((LEVELS + 1 - i) / 2)
    return fields, columns, cells
