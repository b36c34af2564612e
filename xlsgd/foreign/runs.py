"""Cells that are calculated otherwise than their column or row: found before anything is judged.

A formula that was filled down stands in a *run*. A cell in the midst of a run, or at its end in a
row that is like its neighbours, with another formula or a typed number, is *odd*. Steps are
recognised with the formula of the run in its place, so that one broken cell does not hide the step
that it belongs to; whether it is wrong is decided later, by numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from xlsgd.base.cells import Formula
from xlsgd.formula.r1c1 import Relative
from xlsgd.graph.cells import Cell, Cells, Written

__all__ = ["odd_cells"]

LEAST = 4
"""Cells of a run."""

MOST_MISSING = 2
"""Cells one after the other that may be odd."""

ALIKE = 0.5
"""Share of a row's other formulas that are as in the row before or after."""


def odd_cells(cells: Cells) -> dict[Cell, Written]:
    """Return cells that are unlike their run, with the formula that the run has for them."""
    found: dict[Cell, Written] = {}
    rows: defaultdict[tuple[str, int], dict[int, Cell]] = defaultdict(dict)
    columns: defaultdict[tuple[str, int], dict[int, Cell]] = defaultdict(dict)
    for cell, written in cells.written.items():
        if written.area is None:
            columns[cell.sheet, cell.column][cell.row] = cell
            rows[cell.sheet, cell.row][cell.column] = cell
    in_column = {
        place: Counter(cells.written[cell].key for cell in line.values())
        for place, line in columns.items()
    }
    for line in rows.values():
        _without_columns(cells, line, in_column)
    for lines, down in ((columns, True), (rows, False)):
        for (sheet, place), line in lines.items():
            for position, key, period, ends in _odd_places(cells, line, sheet, place, down):
                cell = _cell(sheet, place, position, down)
                if cell in found:
                    continue
                if _is_like_neighbours(cells, cell, period, down, lines, ends):
                    tree = next(
                        cells.written[c].tree for c in line.values() if cells.written[c].key == key
                    )
                    expected = Written(key, tree)
                    if _reads_what_its_run_reads(cells, cell, expected, line.values()):
                        found[cell] = expected
    return found


def _without_columns(
    cells: Cells, row: dict[int, Cell], in_column: Mapping[tuple[str, int], Counter[Relative]]
) -> None:
    """Leave in a row what was filled to the right, not down."""
    along = Counter(cells.written[cell].key for cell in row.values())
    for column, cell in list(row.items()):
        key = cells.written[cell].key
        down = in_column[cell.sheet, column][key]
        if down >= along[key] and down > 1:
            del row[column]


def _cell(sheet: str, place: int, position: int, down: bool) -> Cell:
    return Cell(sheet, position, place) if down else Cell(sheet, place, position)


def _odd_places(
    cells: Cells, line: Mapping[int, Cell], sheet: str, place: int, down: bool
) -> Iterator[tuple[int, Relative, int, bool]]:
    """Yield the places of a line that are odd, with the formula of their run, how far its cells are
    from each other, and whether the place is at an end of them."""
    by_key: defaultdict[Relative, list[int]] = defaultdict(list)
    for position, cell in line.items():
        by_key[cells.written[cell].key].append(position)
    copies = {c for c in line.values() if cells.written[c].tree.kind == "reference"}
    counts = Counter({key: len(found) for key, found in by_key.items()})
    for key, _ in counts.most_common():
        positions = sorted(by_key[key])
        if len(positions) < LEAST:
            break
        for period, places, ends in _missing(positions):
            for position in (*places, *ends):
                other = line.get(position)
                if other is None:
                    cell = _cell(sheet, place, position, down)
                    content = None if cell in cells.written else cells.contents.get(cell)
                    may_end = period == 1 and line[positions[0]] not in copies
                    if isinstance(content, float) and (position in places or may_end):
                        yield position, key, period, position in ends
                elif 3 * counts[cells.written[other].key] <= len(positions):
                    yield position, key, period, position in ends


def _missing(positions: Sequence[int]) -> Iterator[tuple[int, list[int], list[int]]]:
    """Yield how far the cells of a run are from each other, where between them one is missing, and
    where at the ends another would be: cell by cell, and block by block where there are blocks."""
    gaps = Counter(b - a for a, b in pairwise(positions))
    period = gaps.most_common(1)[0][0]
    between = [
        position
        for a, b in pairwise(positions)
        if (b - a) % period == 0 and b - a <= (MOST_MISSING + 1) * period
        for position in range(a + period, b, period)
    ]
    yield period, between, [positions[0] - period, positions[-1] + period]
    known = set(positions)
    starts = [b for a, b in pairwise(positions) if b - a > period]
    if len(starts) < LEAST:
        return
    block, times = Counter(b - a for a, b in pairwise(starts)).most_common(1)[0]
    if block <= period or 2 * times < len(starts) - 1:
        return
    inside = [
        p + away
        for p in positions
        for away in (-block, block)
        if p + away not in known
        and p - away in known
        and (p + away - period in known or p + away + period in known)
    ]
    yield block, [p for p in inside if positions[0] < p < positions[-1]], []


def _is_like_neighbours(
    cells: Cells,
    cell: Cell,
    period: int,
    down: bool,
    lines: Mapping[tuple[str, int], Mapping[int, Cell]],
    ends: bool,
) -> bool:
    """Return whether the other formulas of a row (or column) are those of a neighbouring one.

    ends: whether the cell is at an end of its run: there has to be another formula then.
    """
    at = cell.row if down else cell.column
    other_lines = [
        line
        for (sheet, place), line in lines.items()
        if sheet == cell.sheet and place != (cell.column if down else cell.row) and at in line
    ]
    if not other_lines:
        return not ends
    for away in (-period, period):
        alike = sum(
            at + away in line and cells.written[line[at + away]].key == cells.written[line[at]].key
            for line in other_lines
        )
        if alike >= ALIKE * len(other_lines):
            return True
    return False


def _reads_what_its_run_reads(
    cells: Cells, cell: Cell, expected: Written, run: Iterable[Cell]
) -> bool:
    """Return whether a run's formula finds numbers here wherever it finds them in the run: above
    the first row of a table stand its headers."""
    others = [c for c in run if c in cells.written and cells.written[c].key == expected.key]
    for slot in expected.slots:
        if slot.kind in ("row", "column"):
            continue
        sheet, area = cells.operand(cell, slot)
        if min(area) < 1:
            return False  # beyond the sheet
        if slot.kind != "cell":
            continue
        if not _is_number(cells, Cell(sheet, area[0], area[1])):
            there = [cells.operand(c, slot) for c in others]
            if any(_is_number(cells, Cell(s, a[0], a[1])) for s, a in there):
                return False
    return True


def _is_number(cells: Cells, cell: Cell) -> bool:
    content = cells.contents.get(cell)
    return isinstance(content, (float, Formula)) or cell in cells.spilled
