"""The cells of a book as calculation wants them: numbers apart from all else, column by column.

What computes a formula cell is kept beside the values and handed out with what is still to be
computed; what it is, is for others to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from typing import Generic, TypeVar

from xlsgd.base.cells import CellError, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.engines.fast.expression import Block
from xlsgd.engines.fast.kinds import MIXED, NUMBERS, UNCOMPUTED
from xlsgd.formula.r1c1 import Refused

__all__ = ["Column", "SheetCells"]

Plan = TypeVar("Plan")
"""What computes a formula cell."""

LARGEST_RANGE = 2**17  # cells in use: reading a range of more takes too long for one formula


class Column(Generic[Plan]):
    """The cells of one column by row, those computed so far among them.

    numbers: finite floats.  others: texts, truth values, errors and cells given up.
    plans: how formula cells are computed.
    """

    __slots__ = ("numbers", "others", "plans")

    def __init__(self) -> None:
        self.numbers: dict[int, float] = {}
        self.others: dict[int, Scalar | Uncomputed] = {}
        self.plans: dict[int, Plan] = {}

    def value(self, row: int, pending: list[tuple[Plan, int]]) -> Scalar | Uncomputed:
        """Return what a cell holds; if that is still to be computed, add its plan and row to
        pending."""
        number = self.numbers.get(row)
        if number is not None:
            return number
        other = self.others.get(row)
        if other is None and row in self.plans:
            pending.append((self.plans[row], row))
        return other


class SheetCells(Generic[Plan]):
    """One sheet.

    formulas: positions of its formula cells, row by row.
    """

    def __init__(self, name: str, grid: Grid) -> None:
        self.name = name
        self.grid = grid
        self.last_row = self.last_column = 1
        self._columns: dict[int, Column[Plan]] = {}
        self._no_column: Column[Plan] = Column()
        formulas: list[Position] = []
        for position, content in grid.items():
            row, column = position
            self.last_row = max(self.last_row, row)
            self.last_column = max(self.last_column, column)
            if isinstance(content, Formula):
                formulas.append(position)
            else:
                self._put(self.column(column), row, content)
        self.formulas = sorted(formulas)

    def hold(self, values: Mapping[Position, Scalar]) -> None:
        """Hold these values, in formula cells too: those are given then, and not computed."""
        for (row, number), value in values.items():
            column = self.column(number)
            column.numbers.pop(row, None)
            column.others.pop(row, None)
            column.plans.pop(row, None)
            self._put(column, row, value)

    def column(self, number: int) -> Column[Plan]:
        column = self._columns.get(number)
        if column is None:
            column = self._columns[number] = Column()
        return column

    @staticmethod
    def _put(column: Column[Plan], row: int, content: object) -> None:
        """Store a constant as one of the exact types that calculation looks for."""
        if isinstance(content, (bool, CellError)):
            column.others[row] = content
        elif isinstance(content, (float, int)):
            try:
                number = float(content)
            except OverflowError:
                number = inf
            if isfinite(number):
                column.numbers[row] = number
            else:  # no spreadsheet program can store it
                column.others[row] = CellError("#NUM!")
        elif isinstance(content, str):
            column.others[row] = str(content)
        elif content is not None:
            column.others[row] = Uncomputed(f"a cell holds a {type(content).__name__}")

    def block(
        self, top: int, left: int, bottom: int, right: int, pending: list[tuple[Plan, int]]
    ) -> Block:
        """Return the values of a range; add to pending the plans and rows still to be computed.

        Raises Refused for a range that is too large.
        """
        rows = max(1, min(bottom, self.last_row) - top + 1)
        columns = max(1, min(right, self.last_column) - left + 1)
        if rows * columns > LARGEST_RANGE:
            raise Refused(f"it has a range of {rows} x {columns} cells, which is too large")
        members = [
            self._columns.get(number, self._no_column) for number in range(left, left + columns)
        ]
        span = range(top, top + rows)
        numbers = [list(map(member.numbers.get, span)) for member in members]
        values: list[Scalar | Uncomputed]
        if columns == 1:
            values = [*numbers[0]]
        else:
            values = [x for row in zip(*numbers, strict=True) for x in row]
        kind = NUMBERS
        if None in values:
            values = [member.value(row, pending) for row in span for member in members]
            classes = set(map(type, values))
            kind = NUMBERS if classes == {float} else MIXED
            if Uncomputed in classes:
                kind = UNCOMPUTED
        return Block(values, kind, rows, columns, bottom - top + 1, right - left + 1)
