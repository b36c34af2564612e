"""The formulas of a workbook, what each of them looks at, and an order in which to calculate them.

A formula is read once for all cells that were filled with it; see xlsgd.formula.r1c1.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from xlsgd.base.cells import Formula, Position, Scalar, WorkbookFile, column_letters
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.formula.r1c1 import Refused, Relative, Slot
from xlsgd.formula.tree import Node, Reference, nodes_of, parse, text_of

__all__ = ["Cell", "Cells", "Written"]

VOLATILE = frozenset(("NOW", "RAND", "RANDARRAY", "RANDBETWEEN", "TODAY"))
"""Functions that give something else each time: what was stored stands for it."""

FREE = frozenset(("INDIRECT", "OFFSET"))
"""Functions whose value says which cell is meant."""


class Cell(NamedTuple):
    """A cell of a workbook.  sheet: in lower case."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        return f"{self.sheet}!{column_letters(self.column)}{self.row}"


class Written(NamedTuple):
    """A formula of a cell.

    key: the same for all cells with the same formula.   tree: with ``Si!A1`` for operand i.
    area: the cells that it fills, if it is one of arrays; None for a single value.
    """

    key: Relative
    tree: Node
    area: tuple[int, int, int, int] | None = None

    @property
    def slots(self) -> Sequence[Slot]:
        return self.key.slots


class Cells:
    """The cells of a workbook, by where they stand.

    contents: constants and formulas.   stored: values stored beside formulas.
    written: formulas that could be read.   refused: why others could not.
    spilled: cells that are filled by the formula of another, which is given.
    names: of sheets as they are written, by their names in lower case.
    """

    def __init__(self, file: WorkbookFile) -> None:
        self.contents: dict[Cell, Formula | Scalar] = {}
        self.stored: dict[Cell, Scalar] = {}
        self.written: dict[Cell, Written] = {}
        self.refused: dict[Cell, str] = {}
        self.spilled: dict[Cell, Cell] = {}
        self.names: dict[str, str] = {}
        trees: dict[Relative, Node | None] = {}
        plain: dict[Relative, Relative] = {}
        reader = KeyReader(file.book)
        for name, grid in file.book.sheets.items():
            sheet = name.lower()
            self.names[sheet] = name
            arrays = file.book.arrays.get(name, {})
            for (row, column), content in grid.items():
                cell = Cell(sheet, row, column)
                self.contents[cell] = content
                if not isinstance(content, Formula):
                    continue
                self.stored[cell] = file.stored.get(name, {}).get((row, column))
                text = str(content)
                area = None
                if text.startswith("{"):
                    text = text[1:-1]
                    area = arrays.get((row, column), (row, column, row, column))
                try:
                    key = reader.key(text, name, row, column)
                except Refused as error:
                    self.refused[cell] = str(error)
                    continue
                if key not in trees:
                    trees[key] = parse(key.text)
                tree = trees[key]
                if tree is None:
                    self.refused[cell] = "it cannot be read"
                    continue
                if key not in plain:
                    # Spaces and brackets that change nothing make no other formula.
                    plain[key] = Relative(text_of(tree, _operand_name), key.slots)
                self.written[cell] = Written(plain[key], tree, area)
                if area is not None:
                    self._spill(cell, area, grid, file)

    def _spill(
        self,
        cell: Cell,
        area: tuple[int, int, int, int],
        grid: dict[Position, Formula | Scalar],
        file: WorkbookFile,
    ) -> None:
        top, left, bottom, right = area
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                other = Cell(cell.sheet, row, column)
                if other != cell and not isinstance(grid.get((row, column)), Formula):
                    self.spilled[other] = cell
                    self.stored[other] = grid.get((row, column))

    def with_formulas(self, formulas: Mapping[Cell, Written | float]) -> Cells:
        """Return the same cells, some of them with other formulas or numbers."""
        found = Cells.__new__(Cells)
        found.contents, found.stored = dict(self.contents), dict(self.stored)
        found.written, found.refused = dict(self.written), dict(self.refused)
        found.spilled, found.names = self.spilled, self.names
        for cell, content in formulas.items():
            found.written.pop(cell, None)
            found.refused.pop(cell, None)
            if isinstance(content, Written):
                found.written[cell] = content
                found.contents[cell] = Formula("=")
                found.stored.setdefault(cell, None)
            else:
                found.contents[cell] = content
                found.stored.pop(cell, None)
        return found

    @cached_property
    def _by_column(self) -> dict[tuple[str, int], list[int]]:
        """Per sheet and column, the rows that have a cell, sorted."""
        found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for sheet, row, column in {**self.contents, **self.spilled}:
            found[sheet, column].append(row)
        for rows in found.values():
            rows.sort()
        return found

    @cached_property
    def _columns(self) -> dict[str, list[int]]:
        found: defaultdict[str, set[int]] = defaultdict(set)
        for sheet, column in self._by_column:
            found[sheet].add(column)
        return {sheet: sorted(columns) for sheet, columns in found.items()}

    def inside(self, sheet: str, area: tuple[int, int, int, int]) -> Iterator[Cell]:
        """Yield the cells of an area that are not empty, column by column."""
        top, left, bottom, right = area
        columns = self._columns.get(sheet, [])
        for column in columns[bisect_left(columns, left) : bisect_right(columns, right)]:
            rows = self._by_column[sheet, column]
            for row in rows[bisect_left(rows, top) : bisect_right(rows, bottom)]:
                yield Cell(sheet, row, column)

    def used(self, sheet: str, area: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """Return an area up to the last row and column in which there is something."""
        top, left, bottom, right = area
        columns = self._columns.get(sheet, [])
        last_column = columns[-1] if columns else left
        last_row = max((self._by_column[sheet, c][-1] for c in columns), default=top)
        return top, left, max(top, min(bottom, last_row)), max(left, min(right, last_column))

    def operand(self, cell: Cell, slot: Slot) -> tuple[str, tuple[int, int, int, int]]:
        """Return the sheet and the area of an operand of a cell's formula."""
        return slot.sheet or cell.sheet, slot.at(cell.row, cell.column)

    def looks_at(self, cell: Cell) -> list[Cell]:
        """Return the cells that a cell's formula looks at, those that are not empty."""
        if cell in self.spilled:
            return [self.spilled[cell]]
        written = self.written.get(cell)
        if written is None:
            return []
        found: dict[Cell, None] = {}
        for slot in written.slots:
            if slot.kind in ("row", "column"):
                continue
            sheet, area = self.operand(cell, slot)
            if slot.kind == "cell":
                one = Cell(sheet, area[0], area[1])
                if one in self.contents or one in self.spilled:
                    found[one] = None
            else:
                found.update(dict.fromkeys(self.inside(sheet, area)))
        found.pop(cell, None)
        return list(found)

    @cached_property
    def precedents(self) -> dict[Cell, list[Cell]]:
        """What every formula looks at."""
        return {cell: self.looks_at(cell) for cell in (*self.written, *self.spilled)}

    @cached_property
    def order(self) -> list[Cell]:
        """All formulas, those before others that look at them; circles are left out."""
        done: dict[Cell, bool] = {}
        ordered: list[Cell] = []
        for start in self.precedents:
            stack = [(start, iter(self.precedents[start]))] if start not in done else []
            done.setdefault(start, False)
            while stack:
                cell, rest = stack[-1]
                for other in rest:
                    if other in self.precedents and other not in done:
                        done[other] = False
                        stack.append((other, iter(self.precedents[other])))
                        break
                else:
                    stack.pop()
                    done[cell] = True
                    ordered.append(cell)
        return ordered

    def is_volatile(self, cell: Cell) -> bool:
        """Return whether a formula gives something else each time."""
        written = self.written.get(cell)
        return written is not None and any(
            node.kind == "call" and node.value in VOLATILE for node in nodes_of(written.tree)
        )


def _operand_name(node: Node) -> str:
    """Return a reference of a formula's key, or a name, as text."""
    if isinstance(node.value, Reference):
        return str(node.value.sheet)
    return str(node.value[1])  # type: ignore[index]
