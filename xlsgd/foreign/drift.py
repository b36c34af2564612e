"""References that move along where they should stay: the ``$`` of an address that was forgotten.

In a line of formulas that are the same but for one reference, that one wanders if it is neither the
same cell everywhere nor as far away everywhere. And a reference that is as far away everywhere has
lost its ``$`` if the first formula reads a number and the next ones read what is no number: filled
down, it has left the cell that was meant.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from xlsgd.formula.r1c1 import Relative, Slot
from xlsgd.graph.cells import Cell, Cells, Written

__all__ = ["drifting"]

LEAST = 4


def drifting(cells: Cells) -> dict[Cell, Written]:
    """Return formulas with a reference that drifts, with one that stays in its place."""
    found: dict[Cell, Written] = {}
    lines: defaultdict[tuple[str, str, int, int, object], list[Cell]] = defaultdict(list)
    for cell, written in cells.written.items():
        if written.area is not None:
            continue
        text, slots = written.key
        for i, slot in enumerate(slots):
            if slot.kind == "cell":
                rest = (text, *slots[:i], None, *slots[i + 1 :])
                lines[cell.sheet, "down", cell.column, i, rest].append(cell)
                lines[cell.sheet, "right", cell.row, i, rest].append(cell)
    for (_, way, _, i, _), line in lines.items():
        if len(line) >= LEAST:
            line.sort()
            for cell, stays in _moved(cells, line, i, down=way == "down"):
                old = cells.written[cell]
                slots = (*old.slots[:i], stays, *old.slots[i + 1 :])
                found.setdefault(cell, Written(Relative(old.key.text, slots), old.tree))
    return found


def _moved(cells: Cells, line: Sequence[Cell], i: int, down: bool) -> Iterator[tuple[Cell, Slot]]:
    """Yield the cells of a line whose operand i has left the cell that was meant, and what was."""
    targets = []
    for cell in line:
        sheet, area = cells.operand(cell, cells.written[cell].slots[i])
        targets.append(Cell(sheet, area[0], area[1]))
    first = targets[0]
    if len(set(targets)) < 2 or first in cells.written or not _is_number(cells, first):
        return
    # What stands beside its formula is data, not a rate.
    if (first.row == line[0].row) if down else (first.column == line[0].column):
        return
    slots = Counter(cells.written[cell].slots[i] for cell in line)
    _, most = slots.most_common(1)[0]
    if most == len(line):
        moved = not any(_is_number(cells, target) for target in targets[1:3])
    else:
        # Several rows in a row read the first one: it was held by hand, and then no longer.
        held = next(n for n, target in enumerate(targets) if target != first)
        moved = held >= 2 and all(_is_constant(cells, target) for target in targets)
    if not moved:
        return
    tab = cells.written[line[0]].slots[i].sheet
    row, column = (True, first.row), (True, first.column)
    stays = Slot(tab, "cell", (row, column, row, column))
    for cell, target in zip(line, targets, strict=True):
        if target != first or most != len(line):
            yield cell, stays


def _is_number(cells: Cells, cell: Cell) -> bool:
    return cell in cells.written or isinstance(cells.contents.get(cell), float)


def _is_constant(cells: Cells, cell: Cell) -> bool:
    return isinstance(cells.contents.get(cell), float)


def where(cells: Cells, found: Mapping[Cell, Written]) -> dict[Cell, Written]:
    """Return those that read another cell now than as they are written."""
    return {
        cell: written
        for cell, written in found.items()
        if [cells.operand(cell, s) for s in written.slots]
        != [cells.operand(cell, s) for s in cells.written[cell].slots]
    }
