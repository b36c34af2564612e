"""Whether the derivatives of a workbook are those of its loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.losses import USUAL, Loss, made_of, usual_ratio
from xlsgd.foreign.memories import slopes_used
from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.steps import Step, shape_of
from xlsgd.foreign.study import Study, same
from xlsgd.graph.cells import Cell

__all__ = ["Claim", "Wrong", "claims", "differs", "taken_for", "used", "wrong_cells"]


DEEP = 3
"""Cells one after the other between an update and its slope."""


@dataclass(frozen=True)
class Claim:
    """A place that has to hold the derivative of the loss in a weight, or in what is in between.

    weight: its number in the step.   factor: by which all of its kind are more.   row: of a batch,
    None for all.   by_use: whether it says so only because of what it is used for.   inner: the
    place in which it is the derivative, if that is no weight.   part: of a row's loss, where it is
    the derivative of that alone.
    """

    place: Offset
    weight: int
    factor: float
    row: int | None = None
    by_use: bool = False
    inner: Offset | None = None
    part: Offset | None = None


@dataclass(frozen=True)
class Wrong:
    """A cell that does not hold the derivative that it claims to be."""

    cell: Cell
    claim: Claim
    step: Step
    own: np.ndarray
    right: np.ndarray


def claims(study: Study, places: AlignedSteps, loss: Loss) -> list[Claim]:
    """Return what the places of a family of steps claim to be."""
    found = []
    taken = used(study, places, loss)
    usual = _usual_factor(loss, taken)
    for i, matches in enumerate(loss.matches):
        own = taken[i]
        at = [m.place for m in matches]
        # What a derivative is made of is another one, though it may look like it in most steps.
        inner = set(_inner(places, own)) if own in at else set()
        whole = {m.place for m in matches if m.is_full and not m.is_near}
        before = {place for each in whole for place in _inner(places, each)}
        for match in matches:
            if match.place is None or match.place in inner or match.is_near:
                continue
            # What a derivative is made of, or is made of one, may look like it in many steps.
            if match.place == own and not match.is_full and whole & set(_inner(places, own)):
                continue
            if match.place == own and _is_transformed(places, own, whole):
                continue
            if match.place == own or (match.is_full and match.place not in before):
                # What an update takes is no more and no less than for its neighbours.
                factor = usual if match.place == own and match.row is None else match.factor
                found.append(Claim(match.place, i, factor, match.row))
        # A derivative that is clipped, or has a decay added to it, is taken as it is.
        if own is None or own in at or taken_for(places, loss, taken, i) is not None:
            continue
        if taken.count(own) > 1:
            continue  # what several updates look at is no derivative in one of them
        if not set(at) & set(_inner(places, own)):
            found.append(Claim(own, i, usual, by_use=True))
    return [*found, *_of_rows(places, loss, taken, usual, found)]


def _is_transformed(places: AlignedSteps, own: Offset, slopes: set[Offset | None]) -> bool:
    """Return whether a place makes something else of a derivative: it looks at it, and at more that
    hangs on the weights, such as the length of a slope."""
    step = places.model
    cell = places.cell(step, own)
    inside = set(step.cells)
    looked = [c for c in places.cells.precedents.get(cell, ()) if c in inside] if cell else []
    at = [places.place(step, c) in slopes for c in looked]
    return any(at) and not all(at)


def taken_for(
    places: AlignedSteps, loss: Loss, taken: Sequence[Offset | None], i: int
) -> int | None:
    """Return the weight whose derivative the update of another one takes; None if it is its own."""
    own = taken[i]
    if own is None or any(match.place == own for match in loss.matches[i]):
        return None
    for j, matches in enumerate(loss.matches):
        if j != i and any(m.place == own and m.row is None and not m.is_near for m in matches):
            return j
    return None


def _of_rows(
    places: AlignedSteps,
    loss: Loss,
    taken: Sequence[Offset | None],
    usual: float,
    known: Sequence[Claim],
) -> Iterator[Claim]:
    """Yield claims of the rows of a batch: what a derivative is a sum or a mean of is as a rule the
    derivative of what the loss is a sum or a mean of."""
    parts = _rows_of(places, loss.places[0]) if loss.kind == "cell" else loss.places
    done = {claim.place for claim in known} | set(made_of(places, loss))
    shares = []
    for i, place in enumerate(taken):
        rows = _rows_of(places, place) if place is not None else ()
        if place is None or len(rows) < 2 or len(rows) != len(parts) or done & set(rows):
            continue
        together = np.sum([places.values(row) for row in rows], axis=0)
        if usual_ratio(places.values(place), together) is None:
            continue  # more than a sum or a mean of them
        slopes = [places.slopes(part)[:, i] for part in parts]
        if loss.targets:
            every = np.array([loss.slopes(places, step) for step in places.some])
            slopes = [every[:, row, i] for row in range(len(parts))]
        factors = [
            usual_ratio(places.values(row), slope) for row, slope in zip(rows, slopes, strict=True)
        ]
        agreed = Counter(round(f, 9) for f in factors if f is not None).most_common(1)
        if agreed and agreed[0][1] >= USUAL * len(rows):
            shares.append(agreed[0][0])
        yield from (
            Claim(row, i, shares[-1] if shares else usual, r, by_use=not agreed, part=part)
            for r, (row, part) in enumerate(zip(rows, parts, strict=True))
        )


def _rows_of(places: AlignedSteps, place: Offset) -> tuple[Offset, ...]:
    """Return the places that one is a sum or a mean of: all that it looks at, with one formula."""
    step = places.model
    cell = places.cell(step, place)
    inside = set(step.cells)
    looked = [c for c in places.cells.precedents.get(cell, ()) if c in inside] if cell else []
    if len({shape_of(places.cells, c) for c in looked}) != 1:
        return ()
    return tuple(places.place(step, c) for c in sorted(looked))


def _inner(places: AlignedSteps, place: Offset | None) -> Iterator[Offset]:
    """Yield the places that one is calculated from."""
    step = places.model
    cell = places.cell(step, place) if place is not None else None
    if cell is not None:
        for other in places.before([cell], step):
            if other != cell:
                yield places.place(step, other)


def _usual_factor(loss: Loss, taken: Sequence[Offset | None]) -> float:
    """Return by how much the derivatives that updates use are more than those of the loss."""
    factors = [
        match.factor
        for each, place in zip(loss.matches, taken, strict=True)
        for match in each
        if match.place == place is not None and match.row is None
    ]
    counted = Counter(round(factor, 9) for factor in factors)
    if not counted:
        return 1.0
    most = max(counted.values())
    usual = {factor for factor, times in counted.items() if times == most}
    return 1.0 if 1.0 in usual else min(usual, key=lambda factor: (factor < 0, abs(factor - 1)))


def used(study: Study, places: AlignedSteps, loss: Loss) -> list[Offset | None]:
    """Return of every weight the place whose number its update takes for the derivative: the one
    cell that it looks at, by way of what the optimizer remembers; None if there are several, or if
    the update works the derivative out itself."""
    step = places.model
    forward = set(made_of(places, loss))
    found: list[Offset | None] = []
    for weight in step.weights:
        cells = slopes_used(study, places, step, weight.added)
        where = {places.place(step, cell) for cell in cells}
        found.append(where.pop() if len(where) == 1 and not where & forward else None)
    return [place or _as_beside(study, places, i, found) for i, place in enumerate(found)]


def _as_beside(
    study: Study, places: AlignedSteps, i: int, found: Sequence[Offset | None]
) -> Offset | None:
    """Return the place that an update looks at where its neighbour's slope stands, as seen from
    there: a slope that does not hang on its weight is wrong, but a slope."""
    step = places.model
    own = step.weights[i].after
    looked = {own}
    for _ in range(DEEP):
        looked |= {c for cell in looked for c in study.meant.precedents.get(cell, ())}
    for j, place in enumerate(found):
        beside = step.weights[j].after
        if place is None or j == i:
            continue
        tabs = places.place(step, own).tabs - places.place(step, beside).tabs
        moved = Offset(
            place.tabs + tabs,
            place.rows + own.row - beside.row,
            place.columns + own.column - beside.column,
        )
        cell = places.cell(step, moved)
        if cell in looked and cell in study.meant.written and cell not in set(step.cells):
            return moved
    return None


def wrong_cells(
    study: Study, places: AlignedSteps, loss: Loss, found: Sequence[Claim]
) -> Iterator[Wrong]:
    """Yield the cells that do not hold the derivative that they claim to be."""
    for step in places.steps:
        slopes = loss.slopes(places, step)
        total = slopes.sum(0)
        for claim in found:
            cell = places.cell(step, claim.place)
            if cell is None or (cell not in study.written.written and cell not in study.odd):
                continue
            if claim.part is not None and not loss.targets:
                true = places.slope(step, claim.part)
            else:
                true = total if claim.row is None else slopes[claim.row]
            right = claim.factor * true[claim.weight]
            own = study.value(cell)
            if differs(own, right):
                yield Wrong(cell, claim, step, own, right)


def differs(own: np.ndarray, right: np.ndarray) -> bool:
    """Return whether numbers differ where there are some: a cell without one, as #N/A, says so."""
    fine = np.isfinite(own) & np.isfinite(right)
    return bool(fine.any()) and not same(own[fine], right[fine])
