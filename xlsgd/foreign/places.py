"""The same place in every step: where a cell stands as seen from the first weight of its step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from xlsgd.foreign.slopes import Apart
from xlsgd.foreign.steps import Family, Shape, Step, shape_of
from xlsgd.graph.cells import Cell, Cells

__all__ = ["AlignedSteps", "Offset"]


class Offset(NamedTuple):
    """Tabs, rows and columns away from the first weight of a step, after it."""

    tabs: int
    rows: int
    columns: int


class AlignedSteps:
    """The cells of a family of steps by their places.

    places: all that depend on the weights of their step, in order of calculation.   model: a
    step in the midst of the others, from which their structure is read.
    """

    def __init__(
        self, cells: Cells, family: Family, apart: Apart, updated: Mapping[Cell, np.ndarray]
    ) -> None:
        """updated: numbers of weights after a step."""
        self.cells = cells
        self.after = updated
        self.family = family
        self.apart = apart
        self.tab_of = {sheet: i for i, sheet in enumerate(cells.names)}
        self.tabs = list(cells.names)
        counted = Counter(self.place(step, cell) for step in family.steps for cell in step.cells)
        self._slopes: dict[Offset, dict[Step, np.ndarray]] = {}
        self.model = family.steps[len(family.steps) // 2]
        order: dict[Offset, None] = {}
        for i in family.samples:
            step = family.steps[i]
            order.update(dict.fromkeys(self.place(step, cell) for cell in step.cells))
        self.places = [place for place in order if 2 * counted[place] >= len(family.steps)]

    @property
    def steps(self) -> Sequence[Step]:
        return self.family.steps

    def place(self, step: Step, cell: Cell) -> Offset:
        """Return the place of a cell, of this step or not."""
        first = step.weights[0].after
        return Offset(
            self.tab_of[cell.sheet] - self.tab_of[first.sheet],
            cell.row - first.row,
            cell.column - first.column,
        )

    def cell(self, step: Step, place: Offset) -> Cell | None:
        """Return the cell at a place of a step; None beyond the first or last tab."""
        first = step.weights[0].after
        tab = self.tab_of[first.sheet] + place.tabs
        if not 0 <= tab < len(self.tabs):
            return None
        return Cell(self.tabs[tab], first.row + place.rows, first.column + place.columns)

    def value(self, step: Step, place: Offset) -> np.ndarray:
        """Return the numbers of a place of a step, by samples."""
        cell = self.cell(step, place)
        return self.apart.value(cell) if cell is not None else self.apart.nothing

    def updated(self, cell: Cell) -> np.ndarray:
        """Return the numbers of a weight after a step."""
        return self.after.get(cell, self.apart.nothing)

    def slope(self, step: Step, place: Offset) -> np.ndarray:
        """Return the slopes of a place of a step in its weights: weights × samples."""
        found = self._slopes.setdefault(place, {})
        if step not in found:
            # One pass for a few steps, to recognise things by, another for all.
            steps = self.some if step in self.some else self.steps
            of = [c for s in steps if (c := self.cell(s, place)) is not None]
            weights = [w.before for s in steps for w in s.weights]
            each = iter(self.apart.slopes(of, weights))
            for one in steps:
                found[one] = np.array([next(each) for _ in one.weights])
        return found[step]

    @cached_property
    def some(self) -> list[Step]:
        """A few steps to recognise things by."""
        return [self.family.steps[i] for i in self.family.samples]

    def values(self, place: Offset) -> np.ndarray:
        """Return the numbers of a place in a few steps: steps × samples."""
        return np.array([self.value(step, place) for step in self.some])

    def slopes(self, place: Offset) -> np.ndarray:
        """Return the slopes of a place in a few steps: steps × weights × samples."""
        return np.array([self.slope(step, place) for step in self.some])

    @cached_property
    def groups(self) -> list[list[Offset]]:
        """Places with the same formula, such as one a row of data: they are summed to a loss."""
        step = self.model
        found: defaultdict[Shape, list[Offset]] = defaultdict(list)
        for place in self.places:
            cell = self.cell(step, place)
            assert cell is not None
            found[shape_of(self.cells, cell)].append(place)
        return list(found.values())

    @cached_property
    def leaves(self) -> list[Offset]:
        """AlignedSteps that a step looks at and that do not depend on its weights, such as data."""
        return self.leaves_round(self.model)

    def leaves_round(self, step: Step) -> list[Offset]:
        """Return the places that the cells of a step look at and that are not of the step."""
        inside = set(step.cells) | {weight.before for weight in step.weights}
        return list(
            dict.fromkeys(
                self.place(step, other)
                for cell in (*step.cells, *(w.after for w in step.weights))
                for other in self.cells.precedents.get(cell, ())
                if other not in inside
            )
        )

    def before(self, starts: Iterable[Cell], step: Step) -> list[Cell]:
        """Return cells of a step that some of its cells hang on, those included."""
        inside = set(step.cells)
        seen: dict[Cell, None] = {}
        stack = [cell for cell in starts if cell in inside]
        while stack:
            cell = stack.pop()
            if cell in seen:
                continue
            seen[cell] = None
            stack += [p for p in self.cells.precedents.get(cell, ()) if p in inside]
        return list(seen)
