"""Array formulas written out: what stands in every cell that one fills, as a plain formula.

``{=MMULT(A1:B2,D1:D2)}`` over two cells is ``=A1*D1+B1*D2`` and ``=A2*D1+B2*D2``. That is another
road to their values than any engine's own arrays.
"""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.base.cells import Book, Formula, Position, column_letters
from xlsgd.formula.r1c1 import Area
from xlsgd.formula.tables import without_tables
from xlsgd.formula.tree import Node, Reference, parse, text_of

__all__ = ["reference_text", "without_arrays"]

_WHOLE = frozenset(("SUM", "AVERAGE", "MAX", "MIN", "COUNT", "SUMSQ", "SUMPRODUCT"))
"""Functions that make one number of all that they are given."""

_COUNTS = frozenset(("ROWS", "COLUMNS"))


def without_arrays(book: Book) -> Book:
    """Return a book in which plain formulas stand in all cells that array formulas fill.

    Raises ValueError for one that cannot be written out.
    """
    sheets = {name: dict(grid) for name, grid in book.sheets.items()}
    for name, grid in book.sheets.items():
        for place, content in grid.items():
            if isinstance(content, Formula) and content.startswith("{"):
                area = book.arrays.get(name, {}).get(place, (*place, *place))
                sheets[name].update(_written_out(content[1:-1], name, place, area, book))
    return Book(sheets, book.names, book.tables, {})


def _written_out(
    text: str, sheet: str, place: Position, area: tuple[int, int, int, int], book: Book
) -> Iterator[tuple[Position, Formula]]:
    tree = parse(without_tables(text, sheet, place, book.tables))
    if tree is None:
        raise ValueError(f"{sheet}!{column_letters(place[1])}{place[0]}: cannot be read: {text}")
    top, left, bottom, right = area
    rows, columns = _shape(tree)
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            i, j = row - top, column - left
            if (i < rows or rows == 1) and (j < columns or columns == 1):
                one = _element(tree, i, j)
                yield (row, column), Formula("=" + text_of(one, reference_text))


def reference_text(node: Node) -> str:
    """Return a reference, or a name, as it is written."""
    if node.kind == "name":
        return str(node.value[1])  # type: ignore[index]
    place = node.value
    assert isinstance(place, Reference)
    quoted = "" if place.sheet is None else "'" + place.sheet.replace("'", "''") + "'!"
    (top, t), (left, le), (bottom, b), (right, r) = place.area.corners
    first = f"{'$' * left}{column_letters(le)}{'$' * top}{t}"
    last = f"{'$' * right}{column_letters(r)}{'$' * bottom}{b}"
    return quoted + (f"{first}:{last}" if place.area.is_range else first)


def _shape(node: Node) -> tuple[int, int]:
    """Return how many rows and columns a part of an array formula has."""
    if node.kind == "reference":
        assert isinstance(node.value, Reference)
        (_, top), (_, left), (_, bottom), (_, right) = node.value.area.corners
        return bottom - top + 1, right - left + 1
    if not node.parts:
        return 1, 1
    if node.kind == "call":
        if node.value == "MMULT":
            return _shape(node.parts[0])[0], _shape(node.parts[1])[1]
        if node.value == "TRANSPOSE":
            rows, columns = _shape(node.parts[0])
            return columns, rows
        if node.value in _WHOLE or node.value in _COUNTS:
            return 1, 1
    shapes = [_shape(part) for part in node.parts]
    return max(s[0] for s in shapes), max(s[1] for s in shapes)


def _element(node: Node, i: int, j: int) -> Node:
    """Return what stands in row i and column j of a part of an array formula, from 0 on."""
    if node.kind == "reference":
        assert isinstance(node.value, Reference)
        rows, columns = _shape(node)
        (_, top), (_, left), _, _ = node.value.area.corners
        row, column = top + (i if rows > 1 else 0), left + (j if columns > 1 else 0)
        corners = ((False, row), (False, column)) * 2
        return Node("reference", Reference(node.value.sheet, Area(corners, False)))
    if not node.parts:
        return node
    if node.kind == "call":
        if node.value == "TRANSPOSE":
            return _element(node.parts[0], j, i)
        if node.value == "MMULT":
            left_side, right_side = node.parts
            terms = [
                Node("operator", "*", (_element(left_side, i, k), _element(right_side, k, j)))
                for k in range(_shape(left_side)[1])
            ]
            total = terms[0]
            for term in terms[1:]:
                total = Node("operator", "+", (total, term))
            return total
        if node.value in _COUNTS:
            return Node("number", float(_shape(node.parts[0])[node.value == "COLUMNS"]))
        if node.value in _WHOLE:
            return _of_all(node)
    return Node(node.kind, node.value, tuple(_element(part, i, j) for part in node.parts))


def _of_all(node: Node) -> Node:
    """Return a function of all that it is given, which is written out."""
    if all(part.kind == "reference" for part in node.parts):
        return node
    if node.value == "SUMPRODUCT":
        product = node.parts[0]
        for part in node.parts[1:]:
            product = Node("operator", "*", (product, part))
        return _of_all(Node("call", "SUM", (product,)))
    given = []
    for part in node.parts:
        rows, columns = _shape(part)
        given += [_element(part, i, j) for i in range(rows) for j in range(columns)]
    return Node("call", node.value, tuple(given))
