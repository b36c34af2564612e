"""In which way a cell is unlike its column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xlsgd.base.cells import Formula, column_letters
from xlsgd.foreign.losses import ratio
from xlsgd.formula.tree import COMPARISONS, Node
from xlsgd.graph.cells import Cell, Cells, Written

__all__ = ["address", "tab_name", "unlike"]

COLUMN = "its column has"


def address(cells: Cells, cell: Cell, seen_from: Cell | None = None) -> str:
    """Return a cell as people write it, with its tab if that is another one."""
    place = f"{column_letters(cell.column)}{cell.row}"
    if seen_from is not None and seen_from.sheet == cell.sheet:
        return place
    return f"{tab_name(cells.names[cell.sheet])}!{place}"


def tab_name(sheet: str) -> str:
    """Return a tab's name as formulas have it, in quotes if it needs them."""
    plain = sheet.replace("_", "a").replace(".", "a").isalnum() and not sheet[0].isdigit()
    return sheet if plain else "'" + sheet.replace("'", "''") + "'"


def unlike(
    cells: Cells,
    cell: Cell,
    expected: Written,
    own: np.ndarray,
    right: np.ndarray,
    what: str = COLUMN,
) -> tuple[str, str]:
    """Return which kind of fault it is, and a sentence on it.

    own, right: what the cell has and what it should have, by samples.   what: says why that is
    right.
    """
    written = cells.written.get(cell)
    if written is None:
        content = cells.contents.get(cell)
        held = f"the number {content:g}" if isinstance(content, float) else "no formula"
        return "stale", f"it holds {held} where a formula is meant"
    for mine, theirs in zip(written.slots, expected.slots, strict=False):
        if len(written.slots) != len(expected.slots) or mine == theirs:
            continue
        return _reference(
            cells, cell, mine_cell(cells, cell, mine), mine_cell(cells, cell, theirs), what
        )
    k = ratio(own, right)
    if k is not None and abs(k + 1) < 1e-9:
        return "sign", "it has the other sign"
    change = _first_change(written.tree, expected.tree)
    if k is not None:
        return "factor", f"it is {k:.6g} times what is right{_also(change)}"
    if change is not None:
        here, there = change
        kind = "constant" if here.kind == there.kind == "number" else "operator"
        if {here.value, there.value} <= {"LN", "LOG", "LOG10"}:
            kind = "logarithm"
        return kind, f"it has {_short(here)} where {_short(there)} is meant{_as(what)}"
    return "unlike", "it is calculated otherwise than its column"


def mine_cell(cells: Cells, cell: Cell, slot: object) -> tuple[Cell, Cell]:
    """Return the first and the last cell of an operand."""
    sheet, (top, left, bottom, right) = cells.operand(cell, slot)  # type: ignore[arg-type]
    return Cell(sheet, top, left), Cell(sheet, bottom, right)


def _reference(
    cells: Cells, cell: Cell, mine: tuple[Cell, Cell], theirs: tuple[Cell, Cell], what: str
) -> tuple[str, str]:
    texts = [
        address(cells, a, cell) + (f":{column_letters(b.column)}{b.row}" if a != b else "")
        for a, b in (mine, theirs)
    ]
    words = f"it reads {texts[0]} where {texts[1]} is meant{_as(what)}"
    (one, _), (other, _) = mine, theirs
    content = cells.contents.get(one)
    if mine[0] == mine[1] and (content is None or _is_text(content)) and one not in cells.spilled:
        empty = "an empty cell" if content is None else "a text"
        return "empty", f"it reads {texts[0]}, {empty}, where {texts[1]} is meant{_as(what)}"
    if one.sheet != other.sheet:
        return "other-tab", words
    if one.column == other.column and one.row != other.row:
        return "other-row", words
    return "reference", words


def _as(what: str) -> str:
    return ", as its column has it" if what == COLUMN else ""


def _is_text(content: object) -> bool:
    return isinstance(content, str) and not isinstance(content, Formula)


def _first_change(mine: Node, theirs: Node) -> tuple[Node, Node] | None:
    """Return the outermost parts in which two formulas differ, the first of them."""
    if mine.kind == "reference" and theirs.kind == "reference":
        return None
    if mine.kind != theirs.kind or len(mine.parts) != len(theirs.parts):
        return mine, theirs
    if mine.value != theirs.value and mine.kind != "reference":
        return mine, theirs
    for one, other in zip(mine.parts, theirs.parts, strict=True):
        found = _first_change(one, other)
        if found is not None:
            return found
    return None


def _also(change: Sequence[Node] | None) -> str:
    return f": {_short(change[0])} stands for {_short(change[1])}" if change else ""


def _short(node: Node) -> str:
    if node.kind == "number":
        return f"{node.value:g}"
    if node.kind == "operator":
        return str(node.value) if node.value not in COMPARISONS else f"the sign {node.value}"
    if node.kind == "sign":
        return "a minus"
    return str(node.value) if node.kind == "call" else f"a {node.kind}"
