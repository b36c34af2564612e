"""Derivatives by difference quotients: the loss a little further on, less the loss, by how far.

They are recognised by what they are, not by being nearly right: the loss is calculated again with a
weight moved by each small number that the formulas have, and the difference has to be what the cell
holds, divided by the way that the weight was moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.losses import USUAL, Loss, made_of
from xlsgd.foreign.places import Place, Places
from xlsgd.foreign.sampling import SAMPLES
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study
from xlsgd.formula.tree import nodes_of
from xlsgd.graph.cells import Cell
from xlsgd.graph.evaluate import Evaluation

__all__ = ["Quotient", "quotients", "wrong_quotients"]

LARGEST = 0.5
"""A step by which a weight is moved is smaller."""

CANCELS = 1e-11
"""What is lost in a difference, as a share of what is subtracted."""


@dataclass(frozen=True)
class Quotient:
    """A place that holds a difference quotient.

    kind: ``forward``, ``backward`` or ``central``.   h: where the number stands by which the weight
    is moved, or the number.   factor: by how much the quotient is more than it should be, 1 if what
    is divided by is what was moved.
    """

    place: Place
    weight: int
    kind: str
    h: Cell | Place | float
    factor: float


def quotients(
    study: Study, places: Places, loss: Loss, taken: Sequence[Place]
) -> list[Quotient]:
    """Return the difference quotients of a family of steps.  taken: places known to be others."""
    step = places.model
    forward = set(made_of(places, loss))
    found = []
    known = set(taken) | forward
    for cell in step.cells:
        place = places.place(step, cell)
        if place in known or not _divides(study, cell):
            continue
        one = _quotient(study, places, loss, place)
        if one is not None:
            found.append(one)
    return found


def _divides(study: Study, cell: Cell) -> bool:
    written = study.meant.written.get(cell)
    return written is not None and any(
        node.kind == "operator" and node.value in ("/", "-") for node in nodes_of(written.tree)
    )


def _quotient(study: Study, places: Places, loss: Loss, place: Place) -> Quotient | None:
    values = places.values(place)
    for h, small in _small(study, places, place):
        for weight in range(places.family.width):
            moved = [_moved(study, places, loss, s, weight, v) for s, v in zip(places.some, small, strict=True)]
            for kind, (up, down, way) in KINDS.items():
                above = np.array([each[up] for each in moved])
                below = np.array([each[down] for each in moved])
                with np.errstate(all="ignore"):
                    right = (above - below) / (way * small)
                    lost = CANCELS * (np.abs(above) + np.abs(below)) / np.abs(way * small)
                factor = _factor(values, right, lost)
                if factor is not None:
                    return Quotient(place, weight, kind, h, factor)
    return None


KINDS = {"forward": (1, 0, 1.0), "backward": (0, 2, 1.0), "central": (1, 2, 2.0)}
"""Which of the losses are subtracted, and by how many times h is divided."""


def _factor(values: np.ndarray, right: np.ndarray, lost: np.ndarray) -> float | None:
    """Return k where values are k times a quotient in most steps, but for what a difference loses."""
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


def _small(
    study: Study, places: Places, place: Place
) -> Iterator[tuple[Cell | Place | float, np.ndarray]]:
    """Yield the small numbers that a place's formula and those before it have: steps × samples."""
    step = places.model
    cell = places.cell(step, place)
    assert cell is not None
    inside = set(step.cells)
    shape = (len(places.some), SAMPLES)
    numbers: dict[float, None] = {}
    cells: dict[Cell, None] = {}
    for one in places.before([cell], step):
        written = study.meant.written.get(one)
        if written is not None:
            for node in nodes_of(written.tree):
                if node.kind == "number":
                    numbers[float(node.value)] = None  # type: ignore[arg-type]
        for other in study.meant.precedents.get(one, ()):
            if other not in inside:
                cells[other] = None
    for other in cells:
        values = study.apart.value(other)
        if 0 < abs(values[0]) < LARGEST:
            yield other, np.broadcast_to(values, shape)
    for number in numbers:
        if 0 < number < LARGEST:
            yield number, np.full(shape, number)


def _moved(
    study: Study, places: Places, loss: Loss, step: Step, weight: int, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the loss of a step as it is, with a weight moved up, and moved down."""
    import torch

    inside = set(step.cells)
    wanted = {c for place in made_of(places, loss) if (c := places.cell(step, place)) in inside}
    order = [cell for cell in study.meant.order if cell in wanted]
    values: dict[Cell, torch.Tensor] = {}
    for cell in order:
        for other in study.meant.precedents.get(cell, ()):
            if other not in wanted and other not in values:
                numbers = study.apart.value(other)
                if np.isfinite(numbers).any():
                    values[other] = torch.tensor(np.tile(numbers, 3))
    start = study.apart.value(step.weights[weight].before)
    values[step.weights[weight].before] = torch.tensor(np.concatenate([start, start + h, start - h]))
    found = Evaluation(study.meant, 3 * SAMPLES, values)
    found.run(order)
    total = np.zeros(3 * SAMPLES)
    for i, place in enumerate(loss.places):
        end = places.cell(step, place)
        value = found.values.get(end) if end is not None else None
        if not isinstance(value, torch.Tensor):
            return (np.full(SAMPLES, np.nan),) * 3
        each = value.detach().numpy()
        if loss.targets:
            wish = np.tile(places.value(step, loss.targets[i]), 3)
            each = ERRORS[loss.kind](each, wish)
        total = total + each
    one, up, down = total.reshape(3, SAMPLES)
    return one, up, down


def _likelihood(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(-(t * np.log(p) + (1 - t) * np.log(1 - p)))


ERRORS = {"square": lambda p, t: (p - t) ** 2, "likelihood": _likelihood}
"""Errors that are assumed."""


def wrong_quotients(
    study: Study, places: Places, found: Sequence[Quotient]
) -> Iterator[tuple[Quotient, Cell, np.ndarray, np.ndarray]]:
    """Yield quotients that divide by another number than they moved the weight by: the place, its
    first cell, what it holds and what it should hold."""
    for each in found:
        if each.factor == 1.0:
            continue
        cell = places.cell(places.steps[0], each.place)
        if cell is not None:
            own = study.value(cell)
            yield each, cell, own, own / each.factor
