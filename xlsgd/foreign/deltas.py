"""Cells that hold derivatives in what lies between the weights and the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xlsgd.foreign.gradients import Claim, Wrong, differs
from xlsgd.foreign.inner import inner_slopes, recalculated
from xlsgd.foreign.losses import Loss, made_of, ratio
from xlsgd.foreign.memories import states
from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.study import Study, same
from xlsgd.graph.cells import Cell

__all__ = ["first_wrong", "follows", "inner_claims", "wrong_inner"]

MOST = 60
"""Steps in which derivatives in between are looked at, from all over."""

MOST_TRIED = 400
"""Pairs of a cell and a derivative that are tried for the cause of wrong ones."""


def inner_claims(
    study: Study, places: AlignedSteps, loss: Loss, known: Sequence[Claim]
) -> list[Claim]:
    """Return the places that hold the derivative in a place that the loss is made of."""
    slopes = [inner_slopes(study, places, loss, step) for step in places.some]
    taken = {claim.place for claim in known}
    found = []
    for place in _between(study, places, loss):
        if place in taken:
            continue
        values = places.values(place)
        for target in slopes[0]:
            if all(target in each for each in slopes):
                factor = ratio(values.ravel(), np.array([each[target] for each in slopes]).ravel())
                if factor is not None:
                    found.append(Claim(place, -1, factor, inner=target))
                    break
    return found


def _between(study: Study, places: AlignedSteps, loss: Loss) -> Iterator[Offset]:
    """Yield the places between the loss and the derivatives in the weights."""
    step = places.model
    forward = set(made_of(places, loss))
    remembered = states(study, places, step)
    updates = {weight.after for weight in step.weights}
    for cell in step.cells:
        place = places.place(step, cell)
        if place not in forward and cell not in remembered and cell not in updates:
            yield place


def wrong_inner(
    study: Study, places: AlignedSteps, loss: Loss, claims: Sequence[Claim]
) -> Iterator[Wrong]:
    """Yield the cells that do not hold the derivative in between that they claim to be."""
    if not claims:
        return
    every = max(1, len(places.steps) // MOST)
    for step in places.steps[::every]:
        slopes = inner_slopes(study, places, loss, step)
        for claim in claims:
            cell = places.cell(step, claim.place)
            if cell is None or cell not in study.written.written or claim.inner not in slopes:
                continue
            right = claim.factor * slopes[claim.inner]
            own = study.value(cell)
            if differs(own, right):
                yield Wrong(cell, claim, step, own, right)


def first_wrong(
    study: Study, places: AlignedSteps, loss: Loss, known: Sequence[Claim], wrong: Sequence[Wrong]
) -> Claim | None:
    """Return the claim of a place before wrong derivatives that would make them right, if it held
    the derivative in something in between."""
    step = places.model
    here = [each for each in wrong if each.step is step]
    if not here:
        return None
    slopes = inner_slopes(study, places, loss, step)
    taken = {claim.place for claim in known}
    tried = 0
    for place in _between(study, places, loss):
        cell = places.cell(step, place)
        if cell is None or place in taken:
            continue
        after = [each for each in here if cell in places.before([each.cell], step)]
        after = [each for each in after if each.cell != cell]
        if not after:
            continue
        for target, value in slopes.items():
            for factor in dict.fromkeys((1.0, after[0].claim.factor, -1.0)):
                tried += 1
                if tried > MOST_TRIED:
                    return None
                found = recalculated(study, step, {cell: factor * value}, [w.cell for w in after])
                if all(same(found[each.cell], each.right) for each in after):
                    return Claim(place, -1, factor, by_use=True, inner=target)
    return None


def follows(study: Study, places: AlignedSteps, each: Wrong, others: Sequence[Wrong]) -> bool:
    """Return whether a wrong cell is right once the wrong ones before it are."""
    before = set(places.before([each.cell], each.step))
    given: dict[Cell, np.ndarray] = {
        other.cell: other.right
        for other in others
        if other.step is each.step and other.cell in before and other.cell != each.cell
    }
    if not given:
        return False
    found = recalculated(study, each.step, given, [each.cell])
    return same(found[each.cell], each.right)
