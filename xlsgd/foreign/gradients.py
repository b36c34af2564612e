"""Whether the derivatives of a workbook are those of its loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.losses import SAME, Loss
from xlsgd.foreign.places import Place, Places
from xlsgd.foreign.rules import slopes_used
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study, same
from xlsgd.graph.cells import Cell

__all__ = ["Claim", "Wrong", "claims", "used", "wrong_cells"]


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
    taken = used(study, places)
    usual = _usual_factor(loss, taken)
    for i, matches in enumerate(loss.matches):
        mine = [m for m in matches if m.place is not None]
        for match in mine:
            assert match.place is not None
            found.append(Claim(match.place, i, match.factor, match.row))
        own = taken[i]
        if own is not None and not matches:
            found.append(Claim(own, i, usual, None, by_use=True))
    return found


def _usual_factor(loss: Loss, taken: Sequence[Place | None]) -> float:
    """Return by how much the derivatives that updates use are more than those of the loss."""
    factors = [
        match.factor
        for each, place in zip(loss.matches, taken, strict=True)
        for match in each
        if match.place == place is not None and match.row is None
    ]
    return sorted(factors)[len(factors) // 2] if factors else 1.0


def used(study: Study, places: Places) -> list[Place | None]:
    """Return of every weight the place whose number its update takes for the derivative: the one
    cell that it looks at, by way of what the optimizer remembers; None if there are several."""
    step = places.model
    found: list[Place | None] = []
    for weight in step.weights:
        cells = slopes_used(study, places, step, weight.added)
        found.append(places.place(step, cells[0]) if len(cells) == 1 else None)
    return found


def wrong_cells(
    study: Study, places: Places, loss: Loss, found: Sequence[Claim]
) -> Iterator[Wrong]:
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
