"""Derivatives by difference quotients: the loss a little further on, less the loss, by how far.

They are recognised by what they are, not by being nearly right: the loss is calculated again with a
weight moved by each small number that the formulas have, and the difference has to be what the cell
holds, divided by the way that the weight was moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.losses import SAME, USUAL, Loss, made_of
from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.sampling import SAMPLES
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study
from xlsgd.formula.tree import nodes_of
from xlsgd.graph.cells import Cell
from xlsgd.graph.evaluate import Evaluation

__all__ = ["Quotient", "quotients", "wrong_quotients"]

LARGEST = 0.5
"""A step by which a weight is moved is smaller."""

MOST_ALIKE = 8
"""AlignedSteps with one formula of which each is tried."""

MOST_MOVES = 400
"""Weights times numbers by which they may have been moved."""

CANCELS = 1e-11
"""What is lost in a difference, as a share of what is subtracted."""


@dataclass(frozen=True)
class Quotient:
    """A place that holds a difference quotient.

    kind: ``forward``, ``backward`` or ``central``.   h: where the number stands by which the weight
    is moved, or the number.   factor: by how much the quotient is more than it should be, 1 if what
    is divided by is what was moved.
    """

    place: Offset
    weight: int
    kind: str
    h: Cell | float
    factor: float


def quotients(
    study: Study, places: AlignedSteps, loss: Loss, taken: Sequence[Offset]
) -> list[Quotient]:
    """Return the difference quotients of a family of steps.  taken: places known to be others."""
    known = set(taken) | set(made_of(places, loss))
    tried = []
    for group in places.groups:
        place = group[0]
        cell = places.cell(places.model, place)
        if place not in known and cell is not None and _divides(study, cell):
            tried += [each for each in group[:MOST_ALIKE] if each not in known]
    small = dict(_small(study, places, loss, tried))
    if not tried or not small or len(small) * places.family.width > MOST_MOVES:
        return []
    moved = [_moved(study, places, loss, step, small, n) for n, step in enumerate(places.some)]
    found = (_quotient(places, place, small, moved) for place in tried)
    return [each for each in found if each is not None]


def _divides(study: Study, cell: Cell) -> bool:
    """Return whether a formula divides by what is small, or multiplies with what is large."""
    written = study.meant.written.get(cell)
    if written is None:
        return False
    for node in nodes_of(written.tree):
        if node.kind == "operator" and node.value == "/":
            return True
        if node.kind == "number" and float(node.value) > 1 / LARGEST:  # type: ignore[arg-type]
            return True
    return False


def _quotient(
    places: AlignedSteps,
    place: Offset,
    small: Mapping[Cell | float, np.ndarray],
    moved: Sequence[Mapping[tuple[int, Cell | float], np.ndarray]],
) -> Quotient | None:
    values = places.values(place)
    for h, by in small.items():
        for weight in range(places.family.width):
            losses = [each[weight, h] for each in moved]
            for kind, (up, down, way) in KINDS.items():
                above = np.array([each[up] for each in losses])
                below = np.array([each[down] for each in losses])
                with np.errstate(all="ignore"):
                    right = (above - below) / (way * by)
                    lost = CANCELS * (np.abs(above) + np.abs(below)) / np.abs(way * by)
                factor = _factor(values, right, lost)
                # What is divided by is another of the small numbers, or the same one twice.
                if factor is not None and _is_ratio(factor, by, small.values()):
                    return Quotient(place, weight, kind, h, factor)
    return None


KINDS = {"forward": (1, 0, 1.0), "backward": (0, 2, 1.0), "central": (1, 2, 2.0)}
"""Which of the losses are subtracted, and by how many times h is divided."""


def _factor(values: np.ndarray, right: np.ndarray, lost: np.ndarray) -> float | None:
    """Return k where values are k times a quotient in most steps, but for what is cancelled."""
    fine = np.isfinite(values) & np.isfinite(right)
    if not fine.all(1).any():
        return None
    size = np.abs(right[fine]).max()
    # Where a unit is silent everything is 0, which says nothing.
    tells = fine & (np.abs(right) > 1e-3 * size)
    if tells.sum() < SAMPLES:
        return None
    with np.errstate(all="ignore"):
        k = float(np.median((values / right)[tells]))
    if k == 0 or not np.isfinite(k):
        return None
    close = np.abs(values - k * right) <= abs(k) * lost + 1e-9 * np.abs(k * right)
    if close[tells].mean() < USUAL:
        return None
    return 1.0 if abs(k - 1) < 1e-7 else k


def _is_ratio(factor: float, by: np.ndarray, small: Iterable[np.ndarray]) -> bool:
    """Return whether a quotient divides by another number than it moves by: which it would have
    to have."""
    others = [by[0, 0] / each[0, 0] for each in small]
    return any(
        abs(factor - sign * times * other) <= SAME * abs(factor)
        for other in (1.0, *others)
        for times in (1.0, 2.0, 0.5)
        for sign in (1.0, -1.0)
    )


def _small(
    study: Study, places: AlignedSteps, loss: Loss, tried: Sequence[Offset]
) -> Iterator[tuple[Cell | float, np.ndarray]]:
    """Yield the small numbers by which formulas before some places move something, or divide:
    steps × samples.  What the loss looks at itself is data."""
    step = places.model
    inside = set(step.cells)
    forward = {c for p in made_of(places, loss) if (c := places.cell(step, p)) is not None}
    data = {other for cell in forward for other in study.meant.precedents.get(cell, ())}
    starts = [c for place in tried if (c := places.cell(step, place)) is not None]
    shape = (len(places.some), SAMPLES)
    for one in places.before(starts, step):
        written = study.meant.written.get(one)
        if written is None or one in forward:
            continue
        for node in nodes_of(written.tree):
            if node.kind == "number" and 0 < float(node.value) < LARGEST:  # type: ignore[arg-type]
                yield float(node.value), np.full(shape, node.value)  # type: ignore[arg-type]
        for other in study.meant.precedents.get(one, ()):
            if other not in inside and other not in data:
                values = study.apart.value(other)
                if 0 < abs(values[0]) < LARGEST:
                    yield other, np.broadcast_to(values, shape)


def _moved(
    study: Study,
    places: AlignedSteps,
    loss: Loss,
    step: Step,
    small: Mapping[Cell | float, np.ndarray],
    number: int,
) -> dict[tuple[int, Cell | float], np.ndarray]:
    """Return the loss of a step as it is, with a weight moved up, and moved down, for every weight
    and every number by which it may be moved: 3 × samples.  number: of the step among those tried.
    """
    import torch

    inside = set(step.cells)
    wanted = {c for place in made_of(places, loss) if (c := places.cell(step, place)) in inside}
    keys = [
        (weight, h, sign) for weight in range(len(step.weights)) for h in small for sign in (1, -1)
    ]
    copies = 1 + len(keys)
    values: dict[Cell, torch.Tensor] = {}
    for cell in wanted:
        for other in study.meant.precedents.get(cell, ()):
            if other not in wanted and other not in values:
                numbers = study.apart.value(other)
                if np.isfinite(numbers).any():
                    values[other] = torch.tensor(np.tile(numbers, copies))
    for weight, each in enumerate(step.weights):
        start = np.tile(study.apart.value(each.before), (copies, 1))
        for n, (which, h, sign) in enumerate(keys, 1):
            if which == weight:
                start[n] += sign * small[h][number]
        values[each.before] = torch.tensor(start.ravel())
    found = Evaluation(study.meant, copies * SAMPLES, values, stretches=False)
    total = np.zeros(copies * SAMPLES)
    for i, place in enumerate(loss.places):
        end = places.cell(step, place)
        found.run([end] if end is not None else [])
        value = found.values.get(end) if end is not None else None
        if not isinstance(value, torch.Tensor):
            total += np.nan
            break
        each_loss = value.detach().numpy()
        if loss.targets:
            wish = np.tile(places.value(step, loss.targets[i]), copies)
            each_loss = ERRORS[loss.kind](each_loss, wish)
        total = total + each_loss
    rows = total.reshape(copies, SAMPLES)
    at = {key: rows[n] for n, key in enumerate(keys, 1)}
    return {
        (weight, h): np.array([rows[0], at[weight, h, 1], at[weight, h, -1]])
        for weight, h, _ in keys
    }


def _likelihood(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(-(t * np.log(p) + (1 - t) * np.log(1 - p)))


ERRORS = {"square": lambda p, t: (p - t) ** 2, "likelihood": _likelihood}
"""Errors that are assumed."""


def wrong_quotients(
    study: Study, places: AlignedSteps, found: Sequence[Quotient]
) -> Iterator[tuple[Quotient, Cell, np.ndarray]]:
    """Yield quotients that divide by another number than they moved the weight by: the place, its
    first cell, and what it should hold."""
    for each in found:
        if each.factor == 1.0:
            continue
        cell = places.cell(places.steps[0], each.place)
        if cell is not None:
            yield each, cell, study.value(cell) / each.factor
