"""Stretches of cells with the same formula, and where they stand."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from xlsgd.formula.r1c1 import Slot
from xlsgd.graph.cells import Cell, Written
from xlsgd.graph.store import Key, cells_from

__all__ = ["Index", "Run", "runs_of", "spanned"]


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


def spanned(run: Run, slot: Slot) -> tuple[int, int, int, int]:
    """Return an area that holds all that an operand of a run means in its cells."""
    (_, row, column), (_, last_row, last_column) = run.first, run.last()
    one, other = slot.at(row, column), slot.at(last_row, last_column)
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


class Index:
    """Runs by where they stand."""

    def __init__(self, runs: Sequence[Run]) -> None:
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
