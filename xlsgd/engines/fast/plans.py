"""Formulas on their way from text to function: once per text, per key, and per column.

A ``Template`` is what formulas parsed, shared by all formulas that differ in references alone;
whether code generated from it was seen to be right is noted there.  A ``Pattern`` is a formula
with its relative references.  A ``Plan`` is a pattern in one column of one sheet, where its
relative columns are columns; the function it makes is called with the row alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from xlsgd.base.cells import Scalar, Uncomputed
from xlsgd.engines.fast.compiled import Formula, Source, compile_formula
from xlsgd.engines.fast.expression import Block
from xlsgd.engines.fast.kinds import EMPTY, MIXED, NUMBER, Doubt, Unable
from xlsgd.engines.fast.library import Library
from xlsgd.engines.fast.parsed import Parsed
from xlsgd.engines.fast.storage import Column, SheetCells
from xlsgd.engines.fast.writer import Size
from xlsgd.formula.r1c1 import Relative, Slot, address

__all__ = ["Operands", "Pattern", "Pending", "Plan", "Sheet", "Template"]

Operands = list[Scalar | Uncomputed | Block]

Sheet = SheetCells["Plan"]
"""The cells of a sheet, those with formulas beside their plans."""

Pending = list[tuple["Plan", int]]
"""Formula cells without a value: how they are computed, and their rows."""


class Bound(NamedTuple):
    """Generated code bound to a place.

    function: computes a cell.   code: what it was made by.   places: what ``c`` and ``o`` of each
    operand are, see READ in compiled.py.
    """

    function: Formula
    code: Generated
    places: list[object]


class Generated:
    """Generated code of a formula, for operands of certain kinds in certain places.

    trusted: whether a value of it was seen to agree with formulas.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.make = compile_formula(source)
        self.trusted = False


class Template:
    """A formula as formulas parsed it.  Raises Refused if formulas cannot parse it."""

    def __init__(self, library: Library, text: str, cell: str | None = None) -> None:
        self.parsed = Parsed(library, text, cell)
        self._generated: dict[object, Generated | None] = {}

    @property
    def trusted(self) -> bool:
        """Whether any of its generated code is trusted."""
        return any(code is not None and code.trusted for code in self._generated.values())

    def trust_nothing(self) -> None:
        """Forget that any of its code was right."""
        for code in self._generated.values():
            if code is not None:
                code.trusted = False

    def generated(
        self, kinds: tuple[str, ...], sizes: Mapping[int, Size], reads: tuple[str, ...]
    ) -> Generated | None:
        """Return the code of the formula; None if formulas itself has to be asked."""
        key = kinds, tuple(sizes.items()), reads
        if key not in self._generated:
            try:
                self._generated[key] = Generated(
                    Source(self.parsed.expression, kinds, sizes, reads)
                )
            except Unable:
                self._generated[key] = None
        return self._generated[key]


class Pattern:
    """A formula with its relative references.

    template: None until it is first needed, and for a formula that was refused.
    refused: why no cell of it can be computed; None if it can.
    checked: whether formulas itself has calculated a cell of it that generated code gave as well.
    used: whether generated code has been used.
    positional: whether the value depends on where a cell stands.
    witness: a cell from the middle of all that hold the formula: its sheet, row and column.
    """

    def __init__(self, relative: Relative, refused: str | None = None) -> None:
        self.relative = relative
        self.refused = refused
        self.template: Template | None = None
        self.checked = self.used = False
        self.positional = False
        self.cells = 0
        self.witness: tuple[Sheet, int, int] | None = None

    def count(self, sheet: Sheet, row: int, column: int) -> None:
        """Count a cell.  The last one counted at a power of two is the witness."""
        self.cells += 1
        if self.cells & (self.cells - 1) == 0:
            self.witness = sheet, row, column


def doubt(row: int) -> Scalar:
    """Stand in for the function of a plan that has none."""
    raise Doubt


class _Place(NamedTuple):
    """A slot as seen from one column: everything but the row is known."""

    slot: Slot
    sheet: Sheet
    column: Column[Plan]
    row_is_fixed: bool
    row: int  # or what to add to the formula's row


class Plan:
    """A pattern in one column of one sheet.

    target: the column, where the values go.
    fast: the function to try first.   in_use: what it comes from.
    """

    __slots__ = ("_bound", "_places", "column", "fast", "in_use", "pattern", "sheet", "target")

    def __init__(
        self, pattern: Pattern, sheet: Sheet, column: int, sheets: Mapping[str, Sheet]
    ) -> None:
        self.pattern = pattern
        self.sheet = sheet
        self.column = column
        self.target = sheet.column(column)
        self.fast: Formula = doubt
        self.in_use: Bound | None = None
        self._bound: dict[tuple[str, ...], Bound | None] = {}
        self._places: list[_Place] = []
        for slot in pattern.relative.slots:
            there = sheet if slot.sheet is None else sheets[slot.sheet]
            left = there.column(slot.at(1, column)[1])
            self._places.append(_Place(slot, there, left, *slot.corners[0]))

    def operands(self, row: int, pending: Pending) -> Operands:
        """Return all operands of the formula in this row; add to pending what is not computed.

        Raises Refused for a range that is too large.
        """
        operands: Operands = []
        for slot, sheet, column, row_is_fixed, number in self._places:
            if slot.kind == "cell":
                operands.append(column.value(number if row_is_fixed else row + number, pending))
                continue
            top, left, bottom, right = slot.at(row, self.column)
            if slot.kind == "range":
                operands.append(sheet.block(top, left, bottom, right, pending))
            else:
                operands.append(float(top if slot.kind == "row" else left))
        return operands

    def areas(self, first: int, last: int) -> Iterator[tuple[Sheet, int, int, int, int]]:
        """Yield what the formula looks at in any of these rows: sheet, top, left, bottom, right."""
        for slot, sheet, *_ in self._places:
            if slot.kind in ("cell", "range"):
                top, left, bottom, right = slot.at(first, self.column)
                if first != last:
                    other_top, _, other_bottom, _ = slot.at(last, self.column)
                    top, bottom = min(top, other_top), max(bottom, other_bottom)
                yield sheet, top, left, bottom, right

    def furthest_row(self, column: int, first: int, last: int) -> int | None:
        """Return how many rows further down than itself the formula looks in some rows of a column
        of its own sheet; None if the row is a fixed one, or differs from row to row.

        first, last: the rows.
        """
        found: list[int] = []
        for slot, sheet, *_ in self._places:
            if slot.kind not in ("cell", "range") or sheet is not self.sheet:
                continue
            _, left, _, right = slot.at(1, self.column)
            if left <= column <= right:
                (top_fixed, top), _, (bottom_fixed, bottom), _ = slot.corners
                if top_fixed and bottom_fixed and (bottom < first or top > last):
                    continue  # such as an input above the table
                if top_fixed or bottom_fixed:
                    return None
                found.append(max(top, bottom))
        return max(found, default=None)

    def where(self, number: int, row: int, operand: Scalar | Uncomputed | Block) -> str:
        """Return the address of an operand given up; of a range, of the first such cell in it."""
        place = self._places[number]
        top, left, _, _ = place.slot.at(row, self.column)
        if isinstance(operand, Block):
            index = list(map(type, operand.values)).index(Uncomputed)
            top, left = top + index // operand.columns, left + index % operand.columns
        return address(place.sheet.name, top, left)

    def holding(self, what: Uncomputed, row: int) -> list[tuple[Plan, int]]:
        """Return the formula cells among the operands that hold this very object."""
        cells = []
        for place in self._places:
            if place.slot.kind not in ("cell", "range"):
                continue
            top, left, bottom, right = place.slot.at(row, self.column)
            for x in range(left, min(right, place.sheet.last_column) + 1):
                column = place.sheet.column(x)
                for y in range(top, min(bottom, place.sheet.last_row) + 1):
                    if column.others.get(y) is what:
                        cells.append((column.plans[y], y))
        return cells

    def unbind(self) -> None:
        """Forget the functions made so far: what they took as given is other by now."""
        self.fast, self.in_use = doubt, None
        self._bound.clear()

    def bound(self, kinds: tuple[str, ...], operands: Operands) -> Bound | None:
        """Return the code for operands of these kinds; None if formulas has to be asked."""
        if kinds not in self._bound:
            self._bound[kinds] = self._make(kinds, operands)
        return self._bound[kinds]

    def _make(self, kinds: tuple[str, ...], operands: Operands) -> Bound | None:
        template = self.pattern.template
        assert template is not None
        sizes: dict[int, Size] = {}
        reads: list[str] = []
        bound: list[object] = []
        for i, (place, kind, operand) in enumerate(zip(self._places, kinds, operands, strict=True)):
            read: str
            c: object = None
            o: object = place.row
            if place.slot.kind == "cell":
                read = "fixed row" if place.row_is_fixed else "row"
                if kind == EMPTY:
                    read = "not read"
                c = place.column.numbers if kind == NUMBER else place.column.others
            elif isinstance(operand, Block):
                read, c, o, sizes[i] = self._range(place, operand)
                if read != "given" and kind == MIXED:
                    return None
            elif place.slot.kind == "row" and not place.row_is_fixed:
                read = "row number"
            else:
                read, c = "given", operand
            reads.append(read)
            bound += [c, o]
        code = template.generated(kinds, sizes, tuple(reads))
        return None if code is None else Bound(code.make(*bound), code, bound)

    def _range(self, place: _Place, block: Block) -> tuple[str, object, object, Size]:
        (top_fixed, top), _, (bottom_fixed, bottom), _ = place.slot.corners
        size = Size(block.full_rows, block.full_columns, block.columns)
        if top_fixed and bottom_fixed:
            return "given", block.values, None, size
        left = place.slot.at(1, self.column)[1]
        columns = tuple(place.sheet.column(left + n).numbers for n in range(block.columns))
        if top_fixed == bottom_fixed:
            return "moving", columns, (min(top, bottom), max(top, bottom) + 1), size
        read = "moving bottom" if top_fixed else "moving top"
        return read, columns, (top, bottom + 1), size._replace(rows=None)
