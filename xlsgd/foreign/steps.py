"""The steps of a workbook: which weights move together, and which steps are alike.

Weights that one slope depends on move in one step. Steps repeat, by rows, by blocks of rows, by
groups of columns or by tabs: those whose updates are the same formulas are a *family*.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xlsgd.foreign.recurrences import Carried, Recurrence, each_bit, without_earlier
from xlsgd.graph.cells import Cell, Cells

__all__ = ["Family", "Shape", "Step", "families", "shape_of"]

Shape = tuple[object, ...]
"""The same for formulas that were filled from one another, on whichever tabs they stand."""


@dataclass(frozen=True)
class Step:
    """An update of weights that depend on each other.

    weights: in the order in which they stand.   cells: all that depend on these weights, in order
    of calculation.
    """

    weights: tuple[Recurrence, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Family:
    """Steps that are alike, in order of calculation."""

    cells: Cells
    steps: tuple[Step, ...]

    @property
    def width(self) -> int:
        """How many weights move in a step."""
        return len(self.steps[0].weights)

    @property
    def samples(self) -> list[int]:
        """A few steps, from all over: enough to recognise what is in all."""
        n = len(self.steps)
        return sorted({round(i * (n - 1) / 4) for i in range(5)})


def shape_of(cells: Cells, cell: Cell) -> Shape:
    """Return what a cell has in common with those that its formula was filled to."""
    origin = cells.spilled.get(cell, cell)
    if origin not in cells.written:
        return (cell.sheet, cell.row, cell.column)
    key = cells.written[origin].key
    return (
        key.text,
        tuple((slot.sheet is None, slot.kind, slot.corners) for slot in key.slots),
        (cell.row - origin.row, cell.column - origin.column),
    )


def families(cells: Cells, carried: Carried) -> list[Family]:
    """Return the steps of a workbook, those that are alike together, the longest family first."""
    steps = list(_steps(cells, carried))
    found: defaultdict[tuple[object, ...], list[Step]] = defaultdict(list)
    shapes = {step: tuple(shape_of(cells, w.after) for w in step.weights) for step in steps}
    on_tab = Counter((step.weights[0].after.sheet, shapes[step]) for step in steps)
    for step in steps:
        tab = step.weights[0].after.sheet
        # Tabs that have one step each are steps; those with more train something of their own.
        found[shapes[step], tab if on_tab[tab, shapes[step]] > 1 else ""].append(step)
    place = {cell: i for i, cell in enumerate(cells.order)}
    alike = [
        Family(cells, tuple(sorted(each, key=lambda s: place[s.weights[0].after])))
        for each in found.values()
    ]
    return sorted(alike, key=lambda f: -len(f.steps) * f.width)


def _steps(cells: Cells, carried: Carried) -> Iterable[Step]:
    bit_of = carried.bits
    cell_of = {bit: cell for cell, bit in bit_of.items()}
    joined = _Joined(bit_of)
    for weight in carried.weights:
        mask = bit_of[weight.before]
        for cell in weight.added:
            mask |= bit_of.get(cell, 0) or carried.on.get(cell, 0)
        mask = without_earlier(mask, carried.earlier)
        joined.join([cell_of[bit] for bit in each_bit(mask)])
    weights: defaultdict[Cell, list[Recurrence]] = defaultdict(list)
    for weight in carried.weights:
        weights[joined.first(weight.before)].append(weight)
    inside: defaultdict[Cell, list[Cell]] = defaultdict(list)
    for cell in cells.order:
        mask = carried.on.get(cell, 0)
        if not mask:
            continue
        steps = {joined.first(cell_of[bit]) for bit in each_bit(mask)}
        if len(steps) == 1:
            inside[steps.pop()].append(cell)
    for first, found in weights.items():
        yield Step(tuple(sorted(found, key=lambda w: w.before)), tuple(inside[first]))


class _Joined:
    """Cells that belong together, from pairs that do."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._above = {cell: cell for cell in cells}

    def first(self, cell: Cell) -> Cell:
        while self._above[cell] != cell:
            self._above[cell] = self._above[self._above[cell]]
            cell = self._above[cell]
        return cell

    def join(self, cells: Sequence[Cell]) -> None:
        for other in cells[1:]:
            one, two = self.first(cells[0]), self.first(other)
            self._above[max(one, two)] = min(one, two)
