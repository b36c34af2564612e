"""In which order a workbook is calculated: stretches of cells with the same formula at once.

Most formulas were filled down a column, or along a row. Such a *stretch* is one step, unless its
cells look at each other: then it is calculated cell by cell, together with all that stands between
them, row by row or column by column as time goes there, or in whatever order fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xlsgd.engines.fast.components import components
from xlsgd.graph.by_time import by_time
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.looks import Looks, looks_of
from xlsgd.graph.runs import Index, Run, runs_of, spanned
from xlsgd.graph.settled import settled
from xlsgd.graph.store import Key

__all__ = ["FEWEST", "Plan", "plan_of"]

FEWEST = 1000
"""Formulas in a workbook: with fewer, each is soon calculated by itself."""

SHORTEST = 4
"""Cells of a stretch: putting fewer together takes longer than it saves."""


class Plan:
    """Steps in their order.

    steps: runs, and single cells.   runs: of every cell that is calculated with others, its run.
    """

    def __init__(self, steps: list[Run | Cell]) -> None:
        self.steps = steps
        self.runs: dict[Key, Run] = {
            cell: step for step in steps if isinstance(step, Run) for cell in step.cells()
        }


def plan_of(cells: Cells, given: frozenset[Cell]) -> Plan:
    """Return in which steps a workbook is calculated.   given: cells that are not calculated."""
    held = frozenset(
        cell for cell in given if isinstance(cells.contents.get(cell), str)
    )  # formulas, and texts that may settle a condition
    found = cells.plans.get(held)
    if found is None:
        found = cells.plans[held] = _Planner(cells, held).plan()
    return found  # type: ignore[return-value]


class _Planner:
    """Finds the order of one workbook."""

    def __init__(self, cells: Cells, held: frozenset[Cell]) -> None:
        self.cells = cells
        self.held = held
        self.contents = {c: x for c, x in cells.contents.items() if c not in held}
        self._settled: dict[tuple[int, str], Looks] = {}

    def plan(self) -> Plan:
        plain, arrays = [], []
        for cell, written in self.cells.written.items():
            if written.area is not None:
                arrays.append(Run(cell, 1, True, written))
            elif cell not in self.held:
                plain.append((cell, written))
        return Plan(self._ordered([*runs_of(plain), *arrays], 0))

    def _ordered(self, runs: Sequence[Run], tried: int) -> list[Run | Cell]:
        """Return the steps of some runs.   tried: how many ways to take them were tried before."""
        needs = self._needs(runs)
        steps: list[Run | Cell] = []
        for group in components(needs):
            if len(group) == 1 and group[0] not in needs[group[0]]:
                steps += _steps(group[0])
                continue
            timely = by_time(group, needs, {run: self._looks(run) for run in group})
            if timely is not None:
                steps += timely
            elif tried == 0:
                steps += self._ordered(self._turned(group), 1)
            elif any(run.n > 1 for run in group):
                singles = [_one(cell, run) for run in group for cell in run.cells()]
                steps += self._ordered(singles, 2)
            else:
                # A circle; or what INDEX looks at hangs on values, and is found on the way.
                steps += sorted(Cell(*run.first) for run in group)
        return steps

    def _turned(self, group: Sequence[Run]) -> list[Run]:
        """Return the cells of some runs as runs in their other direction."""
        arrays = [run for run in group if run.written.area is not None]
        plain = [
            (Cell(*cell), run.written)
            for run in group
            if run.written.area is None
            for cell in run.cells()
        ]
        return [*runs_of(plain, turned=True), *arrays]

    def _needs(self, runs: Sequence[Run]) -> dict[Run, list[Run]]:
        """Return which runs each of them looks at."""
        index = Index(runs)
        needs: dict[Run, list[Run]] = {}
        for run in runs:
            seen: dict[Run, None] = {}
            for sheet, area in self._areas(run):
                seen.update(index.inside(sheet, area))
            needs[run] = list(seen)
        return needs

    def _looks(self, run: Run) -> Looks:
        """Return what the formula of a run looks at, without what is never taken."""
        sheet, written = run.first[0], run.written
        found = self._settled.get((id(written.key), sheet))
        if found is None:
            tree = settled(written.tree, written.slots, sheet, self.contents)
            found = looks_of(tree, written.slots) if tree is not written.tree else None
            found = found or self.cells.looks(written)
            self._settled[id(written.key), sheet] = found
        return found

    def _areas(self, run: Run) -> Iterable[tuple[str, tuple[int, int, int, int]]]:
        """Yield all that the cells of a run look at, or more: areas that hold it."""
        looks = self._looks(run)
        if run.n == 1:
            yield from looks.areas(*run.first)
            return
        for slot in (*looks.rest, *looks.bases):
            yield slot.sheet or run.first[0], spanned(run, slot)
        if looks.moving:
            yield from looks.areas(*run.first)
            yield from looks.areas(*run.last())


def _one(cell: Key, run: Run) -> Run:
    return run if run.n == 1 else Run(cell, 1, True, run.written)


def _steps(run: Run) -> list[Run | Cell]:
    """Return a run, or its cells one by one if it is short."""
    if run.n >= SHORTEST and run.written.area is None:
        return [run]
    return [Cell(*cell) for cell in run.cells()]
