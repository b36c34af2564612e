"""The formulas of a workbook, what each of them looks at, and an order in which to calculate them.

A formula is read once for all cells that were filled with it; see xlsgd.formula.r1c1.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

from xlsgd.base.cells import Formula, Position, Scalar, WorkbookFile, column_letters
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.formula.r1c1 import Refused, Relative, Slot
from xlsgd.formula.tree import Node, Reference, nodes_of, parse, text_of
from xlsgd.graph.frame import Compiled, operand_number
from xlsgd.graph.looks import Looks, area_at, looks_of

__all__ = ["Cell", "Cells", "Written"]

VOLATILE = frozenset(("NOW", "RAND", "RANDARRAY", "RANDBETWEEN", "TODAY"))
"""Functions that give something else each time: what was stored stands for it."""


class Cell(NamedTuple):
    """A cell of a workbook.  sheet: in lower case."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        return f"{self.sheet}!{column_letters(self.column)}{self.row}"


class Written(NamedTuple):
    """A formula of a cell.

    key: the same object for all cells with the same formula.   tree: with ``Si!A1`` for operand i.
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
    plans: orders of calculation found so far, by the formulas that are not calculated in them.
    functions: what calculates formulas, by their keys, made so far.
    """

    def __init__(self, file: WorkbookFile) -> None:
        self.contents: dict[Cell, Formula | Scalar] = {}
        self.stored: dict[Cell, Scalar] = {}
        self.written: dict[Cell, Written] = {}
        self.refused: dict[Cell, str] = {}
        self.spilled: dict[Cell, Cell] = {}
        self.names: dict[str, str] = {}
        self._trees: dict[int, Written | None] = {}
        self._plain: dict[Relative, Written] = {}
        self._looks: dict[int, tuple[Relative, Looks]] = {}
        self._reader = KeyReader(file.book)
        self.plans: dict[frozenset[Cell], object] = {}
        self.functions: dict[tuple[int, bool], tuple[Written, Compiled, bool]] = {}
        for name, grid in file.book.sheets.items():
            sheet = name.lower()
            self.names[sheet] = name
            arrays = file.book.arrays.get(name, {})
            stored = file.stored.get(name, {})
            for position, content in grid.items():
                cell = Cell(sheet, *position)
                self.contents[cell] = content
                if not isinstance(content, Formula):
                    continue
                self.stored[cell] = stored.get(position)
                area = None
                if content.startswith("{"):
                    area = arrays.get(position, (*position, *position))
                try:
                    written = self.written[cell] = self.read(cell, content, area)
                except Refused as error:
                    self.refused[cell] = str(error)
                    continue
                if written.area is not None:
                    self._spill(cell, written.area, grid)

    def read(self, cell: Cell, text: str, area: tuple[int, int, int, int] | None = None) -> Written:
        """Return a formula as it is written in a cell.   area: that it fills.

        Raises Refused for one that cannot be read.
        """
        bare = text[1:-1] if text.startswith("{") else str(text)
        key = self._reader.key(bare, self.names[cell.sheet], cell.row, cell.column)
        if id(key) not in self._trees:
            tree = parse(key.text)
            # Spaces, and brackets that change nothing, make no other formula.
            self._trees[id(key)] = (
                None
                if tree is None
                else self._plain.setdefault(
                    plain := Relative(text_of(tree, _operand_name), key.slots), Written(plain, tree)
                )
            )
        written = self._trees[id(key)]
        if written is None:
            raise Refused(_why_not(key.text))
        return written if area is None else written._replace(area=area)

    def with_formulas(self, formulas: Mapping[Cell, Written | float]) -> Cells:
        """Return the same cells with other formulas, or numbers, in some of them.

        All that does not hang on these is shared. A cell that others are filled from, or that is
        filled from another, can be given a number or a formula of its own like any other.
        """
        changed = copy(self)
        for name in ("contents", "stored", "written", "refused", "spilled"):
            setattr(changed, name, dict(getattr(self, name)))
        changed.plans = {}
        for cell, new in formulas.items():
            changed.refused.pop(cell, None)
            old = changed.written.pop(cell, None)
            if old is not None and old.area is not None:
                for other in [c for c, origin in changed.spilled.items() if origin == cell]:
                    del changed.spilled[other]
            changed.spilled.pop(cell, None)
            if isinstance(new, Written):
                changed.contents[cell] = Formula(formula_text(cell, new))
                changed.written[cell] = new
                changed.stored.setdefault(cell, None)
            else:
                changed.contents[cell] = float(new)
                changed.stored.pop(cell, None)
        changed._forget(self, formulas)
        return changed

    def _forget(self, before: Cells, formulas: Collection[Cell]) -> None:
        """Forget what does not hold any more after some cells were changed."""
        kept = self.__dict__
        gone = before.spilled.keys() - self.spilled.keys()
        if any(cell not in before.contents for cell in {*formulas, *gone}):
            for name in ("_known", "_by_column", "_columns", "_last", "_inside"):
                kept.pop(name, None)
        for name in ("precedents", "order"):
            kept.pop(name, None)
        if "precedents" not in before.__dict__:
            return
        self.precedents = {c: found for c, found in before.precedents.items() if c not in gone}
        for cell in formulas:
            self.precedents.pop(cell, None)
            if cell in self.written:
                self.precedents[cell] = self.looks_at(cell)
        if "order" in before.__dict__:
            left = [cell for cell in before.order if cell in self.precedents]
            place = {cell: i for i, cell in enumerate(left)}
            changed = [cell for cell in formulas if cell in self.precedents]
            if all(cell in place for cell in changed) and all(
                place.get(other, -1) < place[cell]
                for cell in changed
                for other in self.precedents[cell]
            ):
                self.order = left

    def _spill(
        self,
        cell: Cell,
        area: tuple[int, int, int, int],
        grid: Mapping[Position, Formula | Scalar],
    ) -> None:
        top, left, bottom, right = area
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                other = Cell(cell.sheet, row, column)
                if other != cell and not isinstance(grid.get((row, column)), Formula):
                    self.spilled[other] = cell
                    self.stored[other] = grid.get((row, column))

    @cached_property
    def _known(self) -> dict[tuple[str, int, int], Cell]:
        """All cells that are not empty."""
        return {cell: cell for cell in (*self.contents, *self.spilled)}

    @cached_property
    def _by_column(self) -> dict[tuple[str, int], tuple[list[int], list[Cell]]]:
        """Per sheet and column, the rows that have a cell, sorted, and these cells."""
        found: defaultdict[tuple[str, int], list[Cell]] = defaultdict(list)
        for cell in self._known.values():
            found[cell[0], cell[2]].append(cell)
        for each in found.values():
            each.sort()
        return {key: ([cell[1] for cell in each], each) for key, each in found.items()}

    @cached_property
    def _columns(self) -> dict[str, list[int]]:
        found: defaultdict[str, set[int]] = defaultdict(set)
        for sheet, column in self._by_column:
            found[sheet].add(column)
        return {sheet: sorted(columns) for sheet, columns in found.items()}

    @cached_property
    def _inside(self) -> dict[tuple[str, tuple[int, int, int, int]], list[Cell]]:
        return {}

    def inside(self, sheet: str, area: tuple[int, int, int, int]) -> Iterator[Cell]:
        """Yield the cells of an area that are not empty, column by column."""
        return iter(self.all_inside(sheet, area))

    def all_inside(self, sheet: str, area: tuple[int, int, int, int]) -> list[Cell]:
        """Return the cells of an area that are not empty, column by column: not to be changed."""
        found = self._inside.get((sheet, area))
        if found is None:
            top, left, bottom, right = area
            found = self._inside[sheet, area] = []
            columns = self._columns.get(sheet, [])
            for column in columns[bisect_left(columns, left) : bisect_right(columns, right)]:
                rows, cells = self._by_column[sheet, column]
                found += cells[bisect_left(rows, top) : bisect_right(rows, bottom)]
        return found

    def numbers_in(self, sheet: str, column: int) -> list[tuple[int, float]]:
        """Return the rows and numbers that are written in a column, no formulas."""
        rows, cells = self._by_column.get((sheet, column), ([], []))
        found = [(row, self.contents.get(cell)) for row, cell in zip(rows, cells, strict=True)]
        return [(row, x) for row, x in found if isinstance(x, float)]

    def used(self, sheet: str, area: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """Return an area up to the last row and column in which there is something."""
        top, left, bottom, right = area
        last_row, last_column = self._last.get(sheet, (top, left))
        return top, left, max(top, min(bottom, last_row)), max(left, min(right, last_column))

    @cached_property
    def _last(self) -> dict[str, tuple[int, int]]:
        """Per sheet, the last row and the last column in which there is something."""
        return {
            sheet: (max(self._by_column[sheet, c][0][-1] for c in columns), columns[-1])
            for sheet, columns in self._columns.items()
        }

    def operand(self, cell: Cell, slot: Slot) -> tuple[str, tuple[int, int, int, int]]:
        """Return the sheet and the area of an operand of a cell's formula."""
        return slot.sheet or cell[0], area_at(slot, cell[1], cell[2])

    def looks(self, written: Written) -> Looks:
        """Return what a formula looks at, wherever it stands."""
        found = self._looks.get(id(written.key))
        if found is None:
            found = written.key, looks_of(written.tree, written.slots)
            self._looks[id(written.key)] = found
        return found[1]

    def looks_at(self, cell: Cell) -> list[Cell]:
        """Return the cells that a cell's formula looks at, those that are not empty."""
        if cell in self.spilled:
            return [self.spilled[cell]]
        written = self.written.get(cell)
        if written is None:
            return []
        found: dict[Cell, None] = {}
        for sheet, area in self.looks(written).areas(*cell):
            if area[0] == area[2] and area[1] == area[3]:
                one = self._known.get((sheet, area[0], area[1]))
                if one is not None:
                    found[one] = None
            else:
                found.update(dict.fromkeys(self.all_inside(sheet, area)))
        found.pop(cell, None)
        return list(found)

    @cached_property
    def precedents(self) -> dict[Cell, list[Cell]]:
        """What every formula looks at."""
        return {cell: self.looks_at(cell) for cell in (*self.written, *self.spilled)}

    @cached_property
    def order(self) -> list[Cell]:
        """All formulas, those before others that look at them; circles are left out."""
        precedents = self.precedents
        done: dict[Cell, bool] = {}
        ordered: list[Cell] = []
        for start in precedents:
            stack = [(start, iter(precedents[start]))] if start not in done else []
            done.setdefault(start, False)
            while stack:
                cell, rest = stack[-1]
                for other in rest:
                    if other not in done and other in precedents:
                        done[other] = False
                        stack.append((other, iter(precedents[other])))
                        break
                else:
                    stack.pop()
                    done[cell] = True
                    ordered.append(cell)
        return ordered

    def is_volatile(self, cell: Cell) -> bool:
        """Return whether a formula gives something else each time."""
        written = self.written.get(cell)
        return written is not None and is_volatile(written.tree)


def formula_text(cell: Cell, written: Written) -> str:
    """Return a formula as it is written in a cell."""

    def leaf(node: Node) -> str:
        if not isinstance(node.value, Reference):
            return str(node.value[1])  # type: ignore[index]
        slot = written.slots[operand_number(node)]
        (r1, c1, r2, c2) = (
            (fixed, number if fixed else number + here)
            for (fixed, number), here in zip(slot.corners, (*cell[1:], *cell[1:]), strict=True)
        )
        first, last = _address(r1, c1), _address(r2, c2)
        if slot.kind in ("row", "column"):
            return f"{slot.kind.upper()}({first})"
        sheet = "" if slot.sheet is None else "'" + slot.sheet.replace("'", "''") + "'!"
        return f"{sheet}{first}" + (f":{last}" if slot.kind == "range" else "")

    return "=" + text_of(written.tree, leaf)


def _address(row: tuple[bool, int], column: tuple[bool, int]) -> str:
    """Return an address from row and column, each with whether it has a ``$``."""
    return f"{'$' * column[0]}{column_letters(column[1])}{'$' * row[0]}{row[1]}"


def _why_not(text: str) -> str:
    """Return why a formula has no tree, as far as that is known."""
    if "LAMBDA(" in text.upper():
        return "it uses LAMBDA, which is not known here"
    bare = re.sub(r'"(?:[^"]|"")*"', "", text)
    return "it has an array that is written out, {…}" if "{" in bare else "it cannot be read"


def is_volatile(tree: Node) -> bool:
    """Return whether a formula gives something else each time."""
    return any(node.kind == "call" and node.value in VOLATILE for node in nodes_of(tree))


def _operand_name(node: Node) -> str:
    """Return a reference of a formula's key, or a name, as text."""
    if isinstance(node.value, Reference):
        return str(node.value.sheet)
    return str(node.value[1])  # type: ignore[index]
