"""Which cells the formulas of a book look at, without calculating anything."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from xlsgd.base.cells import Book, Formula, Position
from xlsgd.engines.fast.components import in_a_circle
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.formula.r1c1 import Refused

__all__ = ["Place", "circles_from"]

Place = tuple[str, Position]
"""A sheet and a cell of it."""

_Area = tuple[str, int, int, int, int]
"""A sheet, and top, left, bottom and right of several cells of it."""

_Node = Place | _Area


def circles_from(book: Book, places: Iterable[Place]) -> list[list[Place]]:
    """Return the cells that look at themselves, directly or by way of others, among those that
    some cells look at; those that look at each other together.

    Whatever a formula names counts as looked at, also what it would need in another case only.
    """
    reading = _Reading(book)
    needs: dict[_Node, list[_Node]] = {}
    ahead: list[_Node] = [place for place in places if reading.is_formula(place)]
    while ahead:
        node = ahead.pop()
        if node not in needs:
            needs[node] = reading.needs(node)
            ahead += needs[node]
    groups: dict[int, list[Place]] = {}
    for node, number in in_a_circle(needs).items():
        if len(node) == 2:
            groups.setdefault(number, []).append(node)
    return list(groups.values())


class _Reading:
    """What cells and areas look at.

    An area stands for its cells: whole columns are looked at from hundreds of cells.
    """

    def __init__(self, book: Book) -> None:
        self._book, self._reader = book, KeyReader(book)
        self._names = {name.lower(): name for name in reversed(book.sheets)}
        self._rows: dict[str, dict[int, list[int]]] = {}  # of formulas, by sheet and column

    def is_formula(self, place: Place) -> bool:
        sheet, position = place
        return isinstance(self._book.sheets[sheet].get(position), Formula)

    def needs(self, node: _Node) -> list[_Node]:
        if len(node) == 5:
            return self._within(node)
        sheet, (row, column) = node
        text = str(self._book.sheets[sheet][row, column])
        try:
            slots = self._reader.key(text, sheet, row, column).slots
        except Refused:
            return []
        found: list[_Node] = []
        for slot in slots:
            if slot.kind not in ("cell", "range"):
                continue  # ROW() and COLUMN() look at no cell
            name = sheet if slot.sheet is None else self._names[slot.sheet]
            top, left, bottom, right = slot.at(row, column)
            if (top, left) != (bottom, right):
                found.append((name, top, left, bottom, right))
            elif self.is_formula((name, (top, left))):
                found.append((name, (top, left)))
        return found

    def _within(self, area: _Area) -> list[_Node]:
        """Return the cells of an area that hold formulas."""
        sheet, top, left, bottom, right = area
        columns = self._rows.get(sheet)
        if columns is None:
            columns = self._rows[sheet] = {}
            for (row, column), content in sorted(self._book.sheets[sheet].items(), key=_place):
                if isinstance(content, Formula):
                    columns.setdefault(column, []).append(row)
        found: list[_Node] = []
        for column, rows in columns.items():
            if left <= column <= right:
                there = rows[bisect_left(rows, top) : bisect_right(rows, bottom)]
                found += ((sheet, (row, column)) for row in there)
        return found


def _place(item: tuple[Position, object]) -> Position:
    return item[0]
