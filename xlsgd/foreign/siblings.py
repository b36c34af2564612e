"""Updates that are none any more, beside others that are.

The weights of a step stand beside each other, and what moves one was as a rule filled from what
moves another. A line of formulas next to the updates that the next step takes up like a weight, and
that is none, is what its neighbours are with something broken in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from xlsgd.foreign.recurrences import Carried, origin
from xlsgd.graph.cells import Cell, Cells, Written

__all__ = ["broken_updates"]

FEWEST = 3
"""Updates of a line."""


def broken_updates(cells: Cells, carried: Carried) -> dict[Cell, Written]:
    """Return the formulas that neighbours have for updates that are broken."""
    after = {weight.after: weight for weight in carried.weights}
    known = {*after, *(memory.after for memory in carried.memories)}
    copied = _copied(cells)
    found: dict[Cell, Written] = {}
    lines: defaultdict[tuple[str, int, bool], list[Cell]] = defaultdict(list)
    for cell in after:
        if cell in cells.written and cells.written[cell].area is None:
            lines[cell.sheet, cell.column, True].append(cell)
            lines[cell.sheet, cell.row, False].append(cell)
    for (_, _, down), line in lines.items():
        if len(line) < FEWEST:
            continue
        for way in (-1, 1):
            beside = [
                Cell(c.sheet, c.row, c.column + way)
                if down
                else Cell(c.sheet, c.row + way, c.column)
                for c in line
            ]
            pairs = [(c, cell) for c, cell in zip(beside, line, strict=True) if c in cells.written]
            if len(pairs) < len(line) - 1 or any(c in known or c in found for c, _ in pairs):
                continue
            alike = sum(
                bool(copied.get(c)) == bool(copied.get(cell)) and _looks_alike(cells, c, cell)
                for c, cell in pairs
            )
            if alike < len(pairs) - 1:
                continue
            meant = {c: cells.written[cell] for c, cell in pairs}
            if _keeps_itself(cells, meant, after[line[-1]].before, line[-1]):
                found |= meant
    return found


def _copied(cells: Cells) -> dict[Cell, int]:
    """Return how often formulas are copied: a weight is, into the next step, where a step's row
    begins with its weights."""
    found: Counter[Cell] = Counter()
    for cell, written in cells.written.items():
        if written.tree.kind == "reference" and written.area is None:
            found.update(cells.precedents[cell])
    return dict(found)


def _looks_alike(cells: Cells, cell: Cell, sibling: Cell) -> bool:
    """Return whether a formula looks at rows, or columns, at which its neighbour looks, too."""
    mine, theirs = ([c for c in cells.precedents[x] if c in cells.written] for x in (cell, sibling))
    if not mine:
        return False
    if cell.row == sibling.row:
        return {c.row for c in mine} <= {c.row for c in theirs}
    return {c.column for c in mine} <= {c.column for c in theirs}


def _keeps_itself(cells: Cells, meant: dict[Cell, Written], before: Cell, after: Cell) -> bool:
    """Return whether formulas would keep what stood at their own place before the step, as their
    neighbour's do."""
    if before.sheet != after.sheet:
        return False
    down, right = after.row - before.row, after.column - before.column
    kept = 0
    for cell, written in meant.items():
        own = Cell(cell.sheet, cell.row - down, cell.column - right)
        kept += any(other == own for other in _looks_at(cells, cell, written))
    return kept >= len(meant) - 1


def _looks_at(cells: Cells, cell: Cell, written: Written) -> Iterator[Cell]:
    for slot in written.slots:
        if slot.kind == "cell":
            sheet, area = cells.operand(cell, slot)
            yield origin(cells, Cell(sheet, area[0], area[1]))
