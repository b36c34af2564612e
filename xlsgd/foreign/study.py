"""A workbook being checked: as it is written, and as its columns mean it.

What one cell of a column has otherwise is set aside first: everything is recognised, and every cell
judged, with all cells before it as they should be. So what is wrong in one place is named there and
nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xlsgd.base.cells import CellError, WorkbookFile
from xlsgd.foreign.drift import drifting, where
from xlsgd.foreign.places import Places
from xlsgd.foreign.recurrences import Carried, carried
from xlsgd.foreign.runs import odd_cells
from xlsgd.foreign.sampling import SAMPLES, as_tensor
from xlsgd.foreign.slopes import Apart, held_apart
from xlsgd.foreign.steps import Family, families
from xlsgd.graph.cells import Cell, Cells, Written
from xlsgd.graph.evaluate import Evaluation

__all__ = ["Parity", "Study"]

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
    """

    def __init__(self, file: WorkbookFile, seed: int = 0) -> None:
        self.seed = seed
        self.written = Cells(file)
        self.drift = drifting(self.written)
        still = self.written.with_formulas(self.drift)
        self.odd = odd_cells(still)
        self.meant = still.with_formulas(self.odd)
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
        return held_apart(self.meant, self.carried, self.families, self.saved, self.seed)

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
        before = {cell: as_tensor(values) for cell, values in self.apart.values.items()}
        evaluation = Evaluation(cells, SAMPLES, before)
        found: dict[Cell, np.ndarray] = {}
        spilled: defaultdict[Cell, list[Cell]] = defaultdict(list)
        for one, origin in cells.spilled.items():
            spilled[origin].append(one)
        for cell in which:
            if cell in found or (cell not in cells.written and cell not in cells.spilled):
                continue
            # A formula of arrays is calculated as a whole.
            first = cells.spilled.get(cell, cell)
            whole = [first, *spilled.get(first, ())]
            usual = {one: evaluation.values.pop(one, None) for one in whole}
            evaluation.run(whole)
            for one in whole:
                found[one] = _samples(evaluation.values.get(one))
                kept = usual[one]
                if kept is not None:
                    evaluation.values[one] = kept
        return found

    def places(self, family: Family) -> Places:
        """Return the places of a family of steps."""
        return Places(self.meant, family, self.apart, self.updated)

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
