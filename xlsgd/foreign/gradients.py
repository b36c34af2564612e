"""Whether the derivatives of a workbook are those of its loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.losses import SAME, Loss, Match
from xlsgd.foreign.places import Place, Places
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study, same
from xlsgd.graph.cells import Cell

__all__ = ["Claim", "Wrong", "claims", "wrong_cells"]


@dataclass(frozen=True)
class Claim:
    """A place that has to hold the derivative of the loss in a weight.

    weight: its number in the step.   factor: by which all of its kind are more.   row: of a batch,
    None for all.   by_use: whether it says so only because the update uses it so.
    """

    place: Place
    weight: int
    factor: float
    row: int | None
    by_use: bool = False


@dataclass(frozen=True)
class Wrong:
    """A cell that does not hold the derivative that it claims to be."""

    cell: Cell
    claim: Claim
    step: Step
    own: np.ndarray
    right: np.ndarray


def claims(study: Study, places: Places, loss: Loss) -> list[Claim]:
    """Return what the places of a family of steps claim to be."""
    found = []
    used = _used(places, loss)
    usual = _usual_factor(loss, used)
    for i, matches in enumerate(loss.matches):
        mine = [m for m in matches if m.place is not None]
        for match in mine:
            assert match.place is not None
            found.append(Claim(match.place, i, match.factor, match.row))
        own = used[i]
        if own is not None and not any(m.place == own for m in mine) and not _has_inline(matches):
            found.append(Claim(own, i, usual, None, by_use=True))
    return found


def _has_inline(matches: Sequence[Match]) -> bool:
    return any(match.place is None for match in matches)


def _usual_factor(loss: Loss, used: Sequence[Place | None]) -> float:
    """Return by how much the derivatives that updates use are more than those of the loss."""
    factors = [
        match.factor
        for each, place in zip(loss.matches, used, strict=True)
        for match in each
        if match.place == place is not None and match.row is None
    ]
    return sorted(factors)[len(factors) // 2] if factors else 1.0


def _used(places: Places, loss: Loss) -> list[Place | None]:
    """Return of every weight the place whose number its update takes for the derivative.

    It is the one operand of the update that depends on the weights of the step; where there is an
    optimizer's memory in between, the one of its formula.
    """
    step = places.some[0]
    inside = set(step.cells)
    known = {m.place for each in loss.matches for m in each if m.place is not None and m.row is None}
    found: list[Place | None] = []
    for weight in step.weights:
        seen: set[Cell] = set()
        cells = [c for c in weight.added if c in inside]
        place = None
        while len(set(cells)) == 1 and cells[0] not in seen:
            place = places.place(step, cells[0])
            if place in known:
                break
            seen.add(cells[0])
            nearer = [c for c in places.cells.precedents[cells[0]] if c in inside]
            # A gradient is made of predictions and errors; what is in between has one operand only.
            if len(set(nearer)) != 1 or _is_slope(places, step, cells[0]):
                break
            cells = nearer
        found.append(place)
    return found


def _is_slope(places: Places, step: Step, cell: Cell) -> bool:
    """Return whether a cell's formula is more than a share of what it looks at."""
    return cell not in {m.after for m in ()}  # refined by the optimizer's memories


def wrong_cells(study: Study, places: Places, loss: Loss, found: Sequence[Claim]) -> Iterator[Wrong]:
    """Yield the cells that do not hold the derivative that they claim to be."""
    for step in places.steps:
        slopes = loss.slopes(places, step)
        total = slopes.sum(0)
        for claim in found:
            cell = places.cell(step, claim.place)
            if cell is None or (cell not in study.written.written and cell not in study.odd):
                continue
            true = total if claim.row is None else slopes[claim.row]
            right = claim.factor * true[claim.weight]
            own = study.value(cell)
            if not same(own, right) and np.isfinite(right).any():
                yield Wrong(cell, claim, step, own, right)


def is_one(factor: float) -> bool:
    """Return whether a factor changes nothing."""
    return abs(factor - 1) <= SAME
