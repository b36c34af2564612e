"""Formulas on their way from text to function: once per text, per key, and per column.

A ``Template`` is what formulas parsed, shared by all formulas that differ in references alone.
A ``Pattern`` is a formula with its relative references; whether its generated code is trusted
is decided for it.  A ``Plan`` is a pattern in one column of one sheet, where its relative columns
are columns; the function it makes is called with the row alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from xlsgd.cells import Scalar, Uncomputed
from xlsgd.engines.fast.compiled import Formula, Maker, compile_formula
from xlsgd.engines.fast.expression import Block
from xlsgd.engines.fast.kinds import EMPTY, MIXED, NUMBER, Doubt, Unable
from xlsgd.engines.fast.library import Library
from xlsgd.engines.fast.parsed import Parsed
from xlsgd.engines.fast.r1c1 import Relative, Slot, address
from xlsgd.engines.fast.storage import Column, Pending, SheetCells
from xlsgd.engines.fast.writer import Size

__all__ = ["Operands", "Pattern", "Plan", "Template"]

Operands = list[Scalar | Uncomputed | Block]


class Template:
    """A formula as formulas parsed it.  Raises Refused if formulas cannot parse it."""

    def __init__(self, library: Library, text: str, cell: str | None = None) -> None:
        self.parsed = Parsed(library, text, cell)
        self._makers: dict[object, Maker | None] = {}

    def maker(
        self, kinds: tuple[str, ...], sizes: Mapping[int, Size], reads: tuple[str, ...]
    ) -> Maker | None:
        """Return what makes functions of the formula; None if formulas itself has to be asked."""
        key = kinds, tuple(sizes.items()), reads
        if key not in self._makers:
            try:
                self._makers[key] = compile_formula(self.parsed.expression, kinds, sizes, reads)
            except Unable:
                self._makers[key] = None
        return self._makers[key]


class Pattern:
    """A formula with its relative references.

    template: None until it is first needed, and for a formula that was refused.
    refused: why no cell of it can be computed; None if it can.
    trusted: the kinds of operands for which generated code was seen to agree with formulas.
    native: whether generated code may be used at all.
    positional: whether the value depends on where a cell stands.
    witness: a cell from the middle of all that hold the formula: its sheet, row and column.
    """

    def __init__(self, relative: Relative, refused: str | None = None) -> None:
        self.relative = relative
        self.refused = refused
        self.template: Template | None = None
        self.native = True
        self.positional = False
        self.trusted: set[tuple[str, ...]] = set()
        self.cells = 0
        self.witness: tuple[SheetCells, int, int] | None = None

    def count(self, sheet: SheetCells, row: int, column: int) -> None:
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
    sheet: SheetCells
    column: Column
    row_is_fixed: bool
    row: int  # or what to add to the formula's row


class Plan:
    """A pattern in one column of one sheet.

    target: the column, where the values go.
    fast: the function to try first.
    """

    __slots__ = ("_functions", "_places", "column", "fast", "pattern", "sheet", "target")

    def __init__(
        self, pattern: Pattern, sheet: SheetCells, column: int, sheets: Mapping[str, SheetCells]
    ) -> None:
        self.pattern = pattern
        self.sheet = sheet
        self.column = column
        self.target = sheet.column(column)
        self.fast: Formula = doubt
        self._functions: dict[tuple[str, ...], Formula | None] = {}
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
                keep = row_is_fixed and slot.corners[2][0] and self.pattern.cells > 1
                operands.append(sheet.block(top, left, bottom, right, pending, keep))
            else:
                operands.append(float(top if slot.kind == "row" else left))
        return operands

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

    def function(self, kinds: tuple[str, ...], operands: Operands) -> Formula | None:
        """Return the function for operands of these kinds, None if formulas has to be asked."""
        if self.pattern.cells == 1:  # to be used once: it need not be kept, with its ranges
            return self._make(kinds, operands)
        if kinds not in self._functions:
            self._functions[kinds] = self._make(kinds, operands)
        return self._functions[kinds]

    def _make(self, kinds: tuple[str, ...], operands: Operands) -> Formula | None:
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
                read = "fixed row" if place.row_is_fixed else "other row"
                if kind == EMPTY:
                    read = "not read"
                elif read == "other row" and place.row == 0:
                    read = "same row"
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
        maker = template.maker(kinds, sizes, tuple(reads))
        return None if maker is None else maker(*bound)

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
