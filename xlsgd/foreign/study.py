"""A workbook being checked: as it is written, and as its columns mean it.

What one cell of a column has otherwise is set aside first: everything is recognised, and every cell
judged, with all cells before it as they should be. So what is wrong in one place is named there and
nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xlsgd.base.cells import CellError, WorkbookFile
from xlsgd.foreign.drift import drifting, where
from xlsgd.foreign.places import AlignedSteps
from xlsgd.foreign.recurrences import Carried, carried
from xlsgd.foreign.runs import odd_cells
from xlsgd.foreign.sampling import SAMPLES
from xlsgd.foreign.siblings import broken_updates
from xlsgd.foreign.slopes import Apart, held_apart
from xlsgd.foreign.steps import Family, families
from xlsgd.graph.cells import Cell, Cells, Written
from xlsgd.graph.evaluate import Evaluation
from xlsgd.graph.frames import Needs
from xlsgd.graph.values import NotKnown

__all__ = ["Parity", "Study", "again", "same"]

EQUAL = 1e-9
"""How far a recalculated number may be from the stored one, as a share of it."""


@dataclass(frozen=True)
class Parity:
    """Whether a workbook's formulas give what is stored beside them.

    same: formulas that do.   differs: those that do not.   unknown: those that cannot be
    calculated, and why.
    """

    same: int
    differs: Mapping[Cell, tuple[object, object]]
    unknown: Mapping[Cell, str]


class Study:
    """A workbook being checked.

    written: its cells.   meant: with the formulas that its columns have in the place of odd ones.
    odd: formulas that columns have for odd cells.   drift: for references that move along.
    broken: of the odd ones those of whole lines, that neighbours have.
    """

    def __init__(self, file: WorkbookFile, seed: int = 0) -> None:
        self.seed = seed
        self.written = Cells(file)
        self.drift = drifting(self.written)
        still = self.written.with_formulas(self.drift)
        starts = _starts(still)
        # A number with which a weight starts, beside others, is no formula that was lost.
        self.odd = {
            cell: written
            for cell, written in odd_cells(still).items()
            if cell in still.written or cell not in starts
        }
        usual = still.with_formulas(self.odd)
        self.broken = broken_updates(usual, carried(usual))
        if self.broken:
            moved = {w.after for w in carried(usual.with_formulas(self.broken)).weights}
            self.broken = {c: written for c, written in self.broken.items() if c in moved}
        self.odd |= self.broken
        self.meant = usual.with_formulas(self.broken)
        self.drift = where(self.written, self.drift)
        self.carried: Carried = carried(self.meant)
        self.families: list[Family] = families(self.meant, self.carried)

    @cached_property
    def parity(self) -> Parity:
        """Recalculate the workbook as it is written."""
        found = Evaluation(self.written, 1)
        found.run()
        same, differs = 0, {}
        unknown = dict(found.unknown)
        for cell in (*self.written.written, *self.written.spilled):
            stored = self.written.stored.get(cell)
            if cell in unknown or stored is None:
                continue
            value = _plain(found.values.get(cell))
            if _equal(value, stored):
                same += 1
            else:
                differs[cell] = (value, stored)
        return Parity(same, differs, unknown)

    @cached_property
    def saved(self) -> dict[Cell, float]:
        """The numbers of the workbook as it was saved."""
        return {
            cell: value
            for cell, value in (*self.written.contents.items(), *self.written.stored.items())
            if isinstance(value, float)
        }

    @cached_property
    def apart(self) -> Apart:
        """Numbers with every step held apart, as its columns mean it."""
        return held_apart(self.meant, self.carried, self.saved, self.seed)

    @cached_property
    def own(self) -> dict[Cell, np.ndarray]:
        """Of odd cells the numbers that they have as written, with all before them as meant."""
        found = self._alone(self.written, dict.fromkeys((*self.odd, *self.drift)))
        for cell in (*self.odd, *self.drift):
            if cell not in self.written.written:
                content = self.written.contents.get(cell)
                found[cell] = np.full(SAMPLES, content if isinstance(content, float) else np.nan)
        return found

    @cached_property
    def updated(self) -> dict[Cell, np.ndarray]:
        """Numbers of weights after a step, as calculated; the next step is held at others."""
        return self._alone(self.meant, [weight.after for weight in self.carried.weights])

    def _alone(self, cells: Cells, which: Iterable[Cell]) -> dict[Cell, np.ndarray]:
        """Calculate cells, each with all others as they are with every step held apart."""
        evaluation = Evaluation(cells, SAMPLES, self.apart.numbers(), stretches=False)
        found: dict[Cell, np.ndarray] = {}
        for cell in which:
            # A formula of arrays is calculated as a whole.
            first = cells.spilled.get(cell, cell)
            if first in cells.written:
                found[cell] = again(evaluation, first, cell)
        return found

    def as_formula(self, cell: Cell, written: Written) -> np.ndarray:
        """Return what a cell would hold with another formula, with all before it as meant."""
        changed = self.meant.with_formulas({cell: written})
        return again(
            Evaluation(changed, SAMPLES, self.apart.numbers(), stretches=False), cell, cell
        )

    def places(self, family: Family) -> AlignedSteps:
        """Return the places of a family of steps."""
        return AlignedSteps(self.meant, family, self.apart, self.updated)

    def value(self, cell: Cell) -> np.ndarray:
        """Return the numbers of a cell as it is written, with all before it as meant."""
        found = self.own.get(cell)
        return self.apart.value(cell) if found is None else found

    def right(self, cell: Cell) -> np.ndarray:
        """Return the numbers of a cell as its column means it."""
        found = self.updated.get(cell)
        return self.apart.value(cell) if found is None else found

    def differing(self) -> Iterable[tuple[Cell, Written]]:
        """Yield odd cells whose numbers differ from what their columns have."""
        for cell, written in {**self.drift, **self.odd}.items():
            if not same(self.own[cell], self.right(cell)):
                yield cell, written


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether numbers are the same in all samples in which the second is one."""
    fine = np.isfinite(b)
    if not fine.any():
        return True
    if not np.isfinite(a[fine]).all():
        return False
    scale = np.maximum(np.abs(a[fine]), np.abs(b[fine]))
    return bool((np.abs(a[fine] - b[fine]) <= EQUAL * np.maximum(scale, scale.max())).all())


def _starts(cells: Cells) -> set[Cell]:
    """Return the numbers with which weights start, where those beside them are numbers as well."""
    found = {
        weight.before
        for weight in carried(cells).weights
        if isinstance(cells.contents.get(weight.before), float)
    }
    rows = Counter((cell.sheet, cell.row) for cell in found)
    columns = Counter((cell.sheet, cell.column) for cell in found)
    return {
        cell
        for cell in found
        if rows[cell.sheet, cell.row] > 1 or columns[cell.sheet, cell.column] > 1
    }


def again(evaluation: Evaluation, formula: Cell, cell: Cell) -> np.ndarray:
    """Return what a formula gives for a cell that it fills, whatever that is given as."""
    try:
        return _samples(
            evaluation.again(formula, (cell.row - formula.row, cell.column - formula.column))
        )
    except (NotKnown, Needs):
        return np.full(SAMPLES, np.nan)


def _samples(value: object) -> np.ndarray:
    import torch

    if isinstance(value, torch.Tensor) and value.dtype == torch.float64:
        return value.detach().numpy()
    return np.full(SAMPLES, np.nan)


def _plain(value: object) -> object:
    import torch

    if isinstance(value, torch.Tensor):
        return value.item()
    return value


def _equal(value: object, stored: object) -> bool:
    if isinstance(value, float) and not np.isfinite(value):
        return isinstance(stored, CellError)
    if isinstance(value, float) and isinstance(stored, float) and not isinstance(stored, bool):
        return abs(value - stored) <= EQUAL * max(abs(value), abs(stored)) or (
            abs(value - stored) < 1e-13
        )
    return value == stored
