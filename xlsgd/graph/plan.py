"""In which order a workbook is calculated: stretches of cells with the same formula at once.

Most formulas were filled down a column, or along a row. Such a *stretch* is one step, unless its
cells look at each other: then it is calculated cell by cell, together with all that stands between
them, row by row or column by column as time goes there, or in whatever order fits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from xlsgd.engines.fast.components import components
from xlsgd.graph.cells import Cell, Cells, Written
from xlsgd.graph.store import Key, cells_from

__all__ = ["FEWEST", "Plan", "Run", "plan_of"]

FEWEST = 1000
"""Formulas in a workbook: with fewer, each is soon calculated by itself."""

SHORTEST = 4
"""Cells of a stretch: putting fewer together takes longer than it saves."""


class Run:
    """Cells below each other, or beside each other, with the same formula.

    first: the first of them, sheet, row and column.   n: how many.   down: whether they are below
    each other.   written: the formula.
    """

    __slots__ = ("down", "first", "n", "written")

    def __init__(self, first: Key, n: int, down: bool, written: Written) -> None:
        self.first, self.n, self.down, self.written = first, n, down, written

    def cells(self) -> list[Key]:
        return cells_from(self.first, self.n, self.down)

    def last(self) -> Key:
        sheet, row, column = self.first
        more = self.n - 1
        return (sheet, row + more, column) if self.down else (sheet, row, column + more)


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
    held = frozenset(cell for cell in given if cell in cells.written)
    found = cells.plans.get(held)
    if found is None:
        found = cells.plans[held] = _Planner(cells, held).plan()
    return found  # type: ignore[return-value]


def runs_of(written: Sequence[tuple[Cell, Written]], turned: bool = False) -> list[Run]:
    """Return formulas as runs, each in the direction in which it is longer, or in the other one."""
    below = _lengths(written, True)
    beside = _lengths(written, False)
    down: list[tuple[Cell, Written]] = []
    across: list[tuple[Cell, Written]] = []
    for each in written:
        longer_down = below[each[0]] >= beside[each[0]]
        only = min(below[each[0]], beside[each[0]]) == 1
        (down if longer_down != (turned and not only) else across).append(each)
    return [*_joined(down, True), *_joined(across, False)]


def _sorted(written: Iterable[tuple[Cell, Written]], down: bool) -> list[tuple[Cell, Written]]:
    if down:
        return sorted(written, key=lambda each: (each[0][0], each[0][2], each[0][1]))
    return sorted(written, key=lambda each: each[0])


def _joined(written: Sequence[tuple[Cell, Written]], down: bool) -> list[Run]:
    runs: list[Run] = []
    run: Run | None = None
    for cell, each in _sorted(written, down):
        if run is not None and each.key is run.written.key and _follows(run, cell, down):
            run.n += 1
            continue
        run = Run(cell, 1, down, each)
        runs.append(run)
    return runs


def _follows(run: Run, cell: Cell, down: bool) -> bool:
    sheet, row, column = run.first
    return cell == ((sheet, row + run.n, column) if down else (sheet, row, column + run.n))


def _lengths(written: Sequence[tuple[Cell, Written]], down: bool) -> dict[Key, int]:
    return {cell: run.n for run in _joined(written, down) for cell in run.cells()}


class _Planner:
    """Finds the order of one workbook."""

    def __init__(self, cells: Cells, held: frozenset[Cell]) -> None:
        self.cells = cells
        self.held = held
        self.edges = 0

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
            by_time = _by_time(group, needs)
            if by_time is not None:
                steps += by_time
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
        index = _Index(runs, self.cells)
        needs: dict[Run, list[Run]] = {}
        for run in runs:
            seen: dict[Run, None] = {}
            for sheet, area in self._areas(run):
                seen.update(index.inside(sheet, area))
            needs[run] = list(seen)
        return needs

    def _areas(self, run: Run) -> Iterable[tuple[str, tuple[int, int, int, int]]]:
        """Yield all that the cells of a run look at, or more: areas that hold it."""
        looks = self.cells.looks(run.written)
        if run.n == 1:
            yield from looks.areas(*run.first)
            return
        slots = looks.rest
        if looks.moving:
            slots = tuple(slot for slot in looks.slots if slot.kind not in ("row", "column"))
            yield from chain(looks.areas(*run.first), looks.areas(*run.last()))
        sheet, row, column = run.first
        _, last_row, last_column = run.last()
        for slot in slots:
            one, other = slot.at(row, column), slot.at(last_row, last_column)
            yield (
                slot.sheet or sheet,
                (
                    min(one[0], other[0]),
                    min(one[1], other[1]),
                    max(one[2], other[2]),
                    max(one[3], other[3]),
                ),
            )


class _Index:
    """Runs by where they stand."""

    def __init__(self, runs: Sequence[Run], cells: Cells) -> None:
        found: defaultdict[tuple[str, int], list[tuple[int, int, int, Run]]] = defaultdict(list)
        for i, run in enumerate(runs):
            sheet, top, left = run.first
            _, bottom, right = run.last()
            if run.written.area is not None:
                top, left, bottom, right = run.written.area
            for column in range(left, right + 1):
                found[sheet, column].append((top, bottom, i, run))
        self._columns: defaultdict[str, list[int]] = defaultdict(list)
        for sheet, column in sorted(found):
            self._columns[sheet].append(column)
        self._by_column: dict[
            tuple[str, int], tuple[list[int], list[tuple[int, int, int, Run]]]
        ] = {}
        for key, each in found.items():
            each.sort()
            self._by_column[key] = [bottom for _, bottom, _, _ in each], each
        self._found: dict[tuple[str, tuple[int, int, int, int]], dict[Run, None]] = {}

    def inside(self, sheet: str, area: tuple[int, int, int, int]) -> dict[Run, None]:
        """Return the runs with a cell in an area."""
        found = self._found.get((sheet, area))
        if found is not None:
            return found
        found = self._found[sheet, area] = {}
        top, left, bottom, right = area
        columns = self._columns.get(sheet, [])
        for place in range(bisect_left(columns, left), len(columns)):
            if columns[place] > right:
                break
            bottoms, each = self._by_column[sheet, columns[place]]
            for i in range(bisect_left(bottoms, top), len(each)):
                if each[i][0] > bottom:
                    break
                found[each[i][3]] = None
        return found


def _one(cell: Key, run: Run) -> Run:
    return run if run.n == 1 else Run(cell, 1, True, run.written)


def _steps(run: Run) -> list[Run | Cell]:
    """Return a run, or its cells one by one if it is short."""
    if run.n >= SHORTEST and run.written.area is None:
        return [run]
    return [Cell(*cell) for cell in run.cells()]


def _by_time(group: Sequence[Run], needs: dict[Run, list[Run]]) -> list[Run | Cell] | None:
    """Return the cells of runs that look at each other row by row, or column by column; None if
    none of them looks back only."""
    for axis in (1, 2):
        ordered = _within(group, needs, axis)
        if ordered is None:
            continue
        found: list[tuple[int, int, Key]] = []
        for place, run in enumerate(ordered):
            found += [(cell[1:][axis - 1], place, cell) for cell in run.cells()]
        found.sort()
        return [Cell(*cell) for _, _, cell in found]
    return None


def _within(group: Sequence[Run], needs: dict[Run, list[Run]], axis: int) -> list[Run] | None:
    """Return in which order the cells of a row (axis 1) or a column (axis 2) are calculated; None
    if one looks at a later one."""
    members = set(group)
    index = _Index(group, None)  # type: ignore[arg-type]
    here: dict[Run, list[Run]] = {run: [] for run in group}
    for run in group:
        if run.written.area is not None:
            return None
        if members.isdisjoint(needs[run]):
            continue
        for slot in run.written.slots:
            if slot.kind in ("row", "column"):
                continue
            offset = _furthest(run, slot.corners, axis)
            sheet, *_ = run.first
            one, other = slot.at(*run.first[1:]), slot.at(*run.last()[1:])
            area = (
                min(one[0], other[0]),
                min(one[1], other[1]),
                max(one[2], other[2]),
                max(one[3], other[3]),
            )
            seen = index.inside(slot.sheet or sheet, area)
            if not seen:
                continue
            if offset > 0:
                return None
            if offset == 0:
                here[run] += seen
    ordered = components(here)
    if any(len(each) > 1 or each[0] in here[each[0]] for each in ordered):
        return None
    return [each[0] for each in ordered]


def _furthest(run: Run, corners: tuple[tuple[bool, int], ...], axis: int) -> int:
    """Return how far ahead of its own row or column a formula looks at most; a number below 0 if
    it looks back."""
    first = run.first[1:][axis - 1]
    return max(
        number - first if fixed else number
        for fixed, number in (corners[axis - 1], corners[axis + 1])
    )
