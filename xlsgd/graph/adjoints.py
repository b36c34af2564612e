"""Slopes in any cell, by one pass backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.graph.cells import Cell
from xlsgd.graph.store import Values
from xlsgd.graph.values import Value, is_number

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["slopes"]


def slopes(
    values: Values, of: Sequence[Value], cells: Sequence[Cell], samples: int
) -> dict[Cell, Tensor]:
    """Return the slopes of a sum of numbers in each of some cells.

    Raises ValueError for a cell in which there is none.
    """
    import torch

    ends = [value for value in of if is_number(value) and value.requires_grad]
    bases: dict[int, Tensor] = {}
    where: dict[Cell, tuple[int, int | None]] = {}
    nothing = torch.zeros(samples, dtype=torch.float64)
    for cell in cells:
        if cell not in values:
            continue  # nothing has asked for it
        place = values.places.get(cell)
        # What was calculated as one tensor has its slopes as one.
        whole = place is not None and place.piece.is_whole
        base = place.piece.tensor if place is not None and whole else values[cell]
        if not is_number(base) or not base.requires_grad:
            raise ValueError(f"{cell} holds no number that is followed: use adjoint=True")
        bases[id(base)] = base
        where[cell] = id(base), place.number if place is not None and whole else None
    found: dict[int, Tensor | None] = {}
    if ends and bases:
        total = torch.stack([end.sum() for end in ends]).sum()
        each = torch.autograd.grad(
            total, list(bases.values()), allow_unused=True, retain_graph=True
        )
        found = dict(zip(bases, each, strict=True))
    result: dict[Cell, Tensor] = {}
    for cell in cells:
        base_, number = where.get(cell, (0, None))
        slope = found.get(base_)
        result[cell] = nothing if slope is None else slope if number is None else slope[number]
    return result
