"""Slopes in any cell, by one pass backward, and of all cells in one direction, by two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.graph.cells import Cell
from xlsgd.graph.store import Values
from xlsgd.graph.values import Value, is_number

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["slopes", "tangents"]


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


def tangents(
    values: Values, moves: Mapping[Cell, Tensor], given: Mapping[Cell, Tensor]
) -> dict[Cell, Tensor]:
    """Return how all numbers move if some given ones do, those alone that move at all.

    moves: how far those given move, sample by sample.   given: their numbers.

    What flows back from all numbers is linear in what is put in there, and its slope is what flows
    forward: two passes backward. torch's own forward mode takes half a millisecond for every
    product with a number that does not move.  Source: Townsend 2017, "A new trick for calculating
    Jacobian vector products".
    """
    import torch

    bases: dict[int, tuple[Tensor, list[tuple[Cell, int | None]]]] = {}
    for cell in values:
        place = values.places.get(cell)
        whole = place is not None and place.piece.is_whole
        base = place.piece.tensor if place is not None and whole else values[cell]
        if is_number(base) and base.requires_grad:
            number = place.number if place is not None and whole else None
            bases.setdefault(id(base), (base, []))[1].append((cell, number))
    ends = [base for base, _ in bases.values()]
    probes = [torch.zeros_like(base).requires_grad_() for base in ends]
    starts = [given[cell] for cell in moves]
    if not ends or not starts:
        return {}
    back = torch.autograd.grad(ends, starts, probes, create_graph=True, allow_unused=True)
    reached = [(b, moves[cell]) for b, cell in zip(back, moves, strict=True) if b is not None]
    forth = torch.autograd.grad(
        [b for b, _ in reached], probes, [move for _, move in reached], allow_unused=True
    )
    found: dict[Cell, Tensor] = {}
    for (_, cells), tangent in zip(bases.values(), forth, strict=True):
        if tangent is not None:
            each = tangent.unbind() if cells[0][1] is not None else (tangent,)
            found.update((cell, each[number or 0]) for cell, number in cells)
    return found
