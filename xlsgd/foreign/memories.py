"""What optimizers remember: a share of what was there, and something new.

An average or a sum of slopes or of their squares, or of steps; which of them, their numbers say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.losses import USUAL
from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study
from xlsgd.foreign.terms import operand_number
from xlsgd.formula.tree import Node, nodes_of
from xlsgd.graph.cells import Cell

__all__ = [
    "Memory",
    "Rate",
    "kept_share",
    "memories_of",
    "numbers_at",
    "share_alike",
    "slopes_used",
    "states",
]

EQUAL = 1e-8
"""How far apart two numbers of a rule may be, as a share of the greatest of a step's samples."""

Rate = Offset | Cell | float
"""A place in every step, one cell for all of them, or a number in a formula."""


@dataclass(frozen=True)
class Memory:
    """What an optimizer remembers of a weight.

    place: of the cell after the step.   before: of the one before it.   what: ``average``, ``sum``
    of slopes, ``square average``, ``square sum``, or "" if none of them.   weight: whose slope.
    rate, sign: where what is remembered are steps already, not slopes.
    """

    place: Offset
    before: Offset
    what: str
    weight: int
    rate: Rate | None = None
    sign: int = 1


def states(study: Study, places: AlignedSteps, step: Step) -> set[Cell]:
    """Return the cells of a step that hold what an optimizer remembers, or make it ready."""
    memories = {each.after: each for each in study.carried.memories}
    inside = set(step.cells)
    found: set[Cell] = set()
    updates = {weight.after for weight in step.weights}
    for cell in step.cells:
        if cell in updates:
            continue
        nearer = [c for c in study.meant.precedents.get(cell, ()) if c in inside]
        if cell in memories or (nearer and all(c in found for c in nearer)):
            found.add(cell)
    return found


def slopes_used(
    study: Study, places: AlignedSteps, step: Step, starts: Sequence[Cell]
) -> list[Cell]:
    """Return the slopes that an update takes, by way of what the optimizer remembers."""
    memories = {each.after: each for each in study.carried.memories}
    known = states(study, places, step)
    inside = set(step.cells)
    found: dict[Cell, None] = {}
    stack, seen = list(starts), set()
    while stack:
        cell = stack.pop()
        if cell not in inside or cell in seen:
            continue
        seen.add(cell)
        if cell in memories:
            stack += memories[cell].added
        elif cell in known:
            stack += study.meant.precedents.get(cell, ())
        else:
            found[cell] = None
    return list(found)


def memories_of(study: Study, places: AlignedSteps, slopes: Sequence[np.ndarray]) -> list[Memory]:
    """Return what is remembered in the steps of a family.

    slopes: of every weight, steps × samples.
    """
    by_after = {each.after: each for each in study.carried.memories}
    counted: Counter[tuple[Offset, Offset]] = Counter()
    for step in places.some:
        for cell in _round(step):
            if cell in by_after:
                before = places.place(step, by_after[cell].before)
                counted[places.place(step, cell), before] += 1
    found: dict[Offset, Memory] = {}
    for (place, before), times in counted.most_common():
        if times < USUAL * len(places.some) or place in found:
            continue
        new, share = _new(study, places, place)
        what, whose = _what(new, share, slopes)
        found[place] = Memory(place, before, what, whose)
        if not what:
            found[place] = _of_steps(study, places, found[place], new, slopes)
    return list(found.values())


def _round(step: Step) -> set[Cell]:
    """Return the cells of a step and those of memories that its updates look at."""
    found = set(step.cells)
    for weight in step.weights:
        found.update(weight.added)
    return found


def _new(study: Study, places: AlignedSteps, place: Offset) -> tuple[np.ndarray, np.ndarray]:
    """Return what is added to a memory, and the share that is kept: steps × samples."""
    by_after = {each.after: each for each in study.carried.memories}
    added, shares = [], []
    for step in places.some:
        cell = places.cell(step, place)
        memory = by_after.get(cell) if cell is not None else None
        if cell is None or memory is None:
            added.append(places.apart.nothing)
            shares.append(places.apart.nothing)
            continue
        share = np.ones_like(places.apart.nothing)
        for node in memory.share:
            share = share * node_value(study, cell, node)
        added.append(places.apart.value(cell) - share * places.apart.value(memory.before))
        shares.append(share)
    return np.array(added), np.array(shares)


def _what(new: np.ndarray, share: np.ndarray, slopes: Sequence[np.ndarray]) -> tuple[str, int]:
    for i, slope in enumerate(slopes):
        for name, value in (
            ("average", (1 - share) * slope),
            ("sum", slope),
            ("square average", (1 - share) * slope**2),
            ("square sum", slope**2),
        ):
            if _mostly(new, value):
                return name, i
    return "", -1


def _mostly(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether rows of samples are the same in most steps."""
    return bool(share_alike(a, b[None])[0] >= USUAL)


def _of_steps(
    study: Study,
    places: AlignedSteps,
    memory: Memory,
    new: np.ndarray,
    slopes: Sequence[np.ndarray],
) -> Memory:
    """Return a memory that sums up steps, with the rate in its formula, if it is one."""
    cell = places.cell(places.model, memory.place)
    rates = list(numbers_at(study, places, [cell] if cell is not None else []))
    values = np.array([each for _, each in rates])
    for i, slope in enumerate(slopes):
        with np.errstate(all="ignore"):
            ratio = new / slope
        for sign in (1, -1):
            share = share_alike(sign * ratio, values)
            if share.max() >= USUAL:
                rate = rates[int(share.argmax())][0]
                return Memory(memory.place, memory.before, "sum", i, rate, sign)
    return memory


def share_alike(a: np.ndarray, several: np.ndarray) -> np.ndarray:
    """Return in which share of the steps rows of samples are those of others.

    a: steps × samples.   several: any number × steps × samples.
    """
    fine = np.isfinite(a) & np.isfinite(several)
    size = np.where(fine, np.maximum(np.abs(a), np.abs(several)), 0).max(-1, keepdims=True)
    far = np.where(fine, np.abs(np.where(fine, a - several, 0)), 0) > EQUAL * size
    tried = max(1, int(np.isfinite(a).any(-1).sum()))
    return np.asarray((~far.any(-1) & fine.any(-1)).sum(-1) / tried)


def node_value(study: Study, cell: Cell, node: Node) -> np.ndarray:
    """Return the numbers of a part of a cell's formula that is made of numbers and cells alone."""
    apart = study.apart
    if node.kind == "number":
        return np.full(len(apart.nothing), float(node.value))  # type: ignore[arg-type]
    if node.kind == "reference":
        written = study.meant.written[cell]
        sheet, area = study.meant.operand(cell, written.slots[operand_number(node)])
        return apart.value(Cell(sheet, area[0], area[1]))
    parts = [node_value(study, cell, part) for part in node.parts]
    with np.errstate(all="ignore"):
        if node.kind == "sign":
            return -parts[0]
        if node.kind == "operator" and node.value in ARITHMETIC:
            return np.asarray(ARITHMETIC[str(node.value)](*parts))
    return apart.nothing


ARITHMETIC = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}


def numbers_at(
    study: Study, places: AlignedSteps, way: Sequence[Cell]
) -> Iterator[tuple[Rate, np.ndarray]]:
    """Yield the cells that formulas of a step look at and that are not of it, and their numbers."""
    step = places.model
    inside = set(step.cells)
    own = {w.before for w in step.weights}
    cells: dict[Cell, None] = {}
    numbers: dict[float, None] = {}
    for cell in way:
        for other in study.meant.precedents.get(cell, ()):
            if other not in inside and other not in own:
                cells[other] = None
        written = study.meant.written.get(cell)
        if written is not None:
            for node in nodes_of(written.tree):
                if node.kind == "number":
                    numbers[float(node.value)] = None  # type: ignore[arg-type]
    for cell in cells:
        fixed = np.array([places.apart.value(cell)] * len(places.some))
        yield cell, fixed
        place = places.place(step, cell)
        moving = places.values(place)
        if np.isfinite(moving).all() and not np.array_equal(moving, fixed):
            yield place, moving
    shape = (len(places.some), len(places.apart.nothing))
    for number in (*numbers, 1.0):
        yield number, np.full(shape, number)


def kept_share(study: Study, places: AlignedSteps, memory: Memory) -> np.ndarray:
    by_after = {each.after: each for each in study.carried.memories}
    cell = next(c for s in places.some if (c := places.cell(s, memory.place)) in by_after)
    assert cell is not None
    share = np.ones_like(places.apart.nothing)
    for node in by_after[cell].share:
        share = share * node_value(study, cell, node)
    return share
