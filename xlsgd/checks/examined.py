"""A tab under examination: its cells, what was found wrong with them, what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.cells import CellError, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.base.columns import Column
from xlsgd.checks.differences import Differences, Order, finite
from xlsgd.checks.reading import FormulaReading
from xlsgd.checks.stored import Saved, as_saved
from xlsgd.checks.wording import FormulaWording, OddCell
from xlsgd.engines.fast.needed import Place
from xlsgd.formula.filled import odd_rows
from xlsgd.report.compare import SAFETY, ExpectedTable, Tolerance, compare
from xlsgd.report.report import value_text
from xlsgd.sheets.maps import TableMap, address
from xlsgd.verdict import agrees

__all__ = ["ExaminedTab"]

Expected = Mapping[str, Sequence[float | str]]
"""Name to what each member of the ensemble expects; the first is the run itself."""

Wanted = Callable[[str], Callable[[int], str]]
"""From a template and a row of the sheet to the formula that xlsgd writes there."""


class ExaminedTab(Differences):
    """A tab, and the ways to look at it: with torch, with its own column, with what is saved."""

    def __init__(
        self,
        name: str,
        kind: str,
        contents: Grid,
        values: Mapping[Position, Scalar | Uncomputed],
        tolerance: Mapping[str, Tolerance],
        reading: FormulaReading,
        unchecked: str,
    ) -> None:
        """unchecked: why a cell that is not compared is not, unless it is an input."""
        super().__init__(name, kind, contents, values, unchecked)
        self._tolerance = tolerance
        self._reading = reading
        self._wording = FormulaWording(self, reading)

    def numbers(
        self, table: TableMap, stored: Mapping[Position, Scalar] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return a table's numbers per quantity, nan where the sheet has none.

        stored: take these where there are any.
        """
        cells: Mapping[Position, Scalar | Uncomputed] = self.cells
        if stored:
            cells = {**self.cells, **stored}
        found = {}
        for quantity, column in table.columns.items():
            values = (cells.get((row, column)) for row in table.rows)
            found[quantity] = np.array([v if type(v) is float else np.nan for v in values])
        return found

    @property
    def notes(self) -> list[str]:
        """Sentences about what is written otherwise and is right."""
        return self._wording.notes()

    def ordered(self) -> list[Position]:
        return self._wording.ordered(self._wrong, self._order)

    def says(self, position: Position, wanted: str) -> bool:
        """Return whether a cell holds a formula that says what xlsgd's formula there says."""
        said = self.contents.get(position)
        return isinstance(said, Formula) and self._reading.same(self.report.name, said, wanted)

    # With torch

    def compare_table(
        self,
        check: str,
        table: str,
        block: ExpectedTable,
        order: Order,
        step_of: Callable[[int], int] | None = None,
    ) -> None:
        """Compare the cells of a table with what torch expects.

        step_of: gives the number of the step that a row of the table belongs to.
        """
        if not len(block.rows):
            return
        result = compare(block, self.cells, self._tolerance[check])
        self.report.comparisons[f"{check} {table}"] = result
        contents, compared = self.contents, self._compared
        for j, (quantity, column) in enumerate(block.columns.items()):
            for i, row in enumerate(block.rows):
                cell = row, column
                if contents.get(cell).__class__ is Formula:
                    compared[cell] = quantity, order, i, j
        for i, j in np.argwhere(~result.ok):
            position = result.position(i, j)
            place = order(int(i), int(j))
            self.differ(
                position,
                place,
                result.quantities[j],
                check,
                step=None if step_of is None else step_of(int(i)),
                torch_value=float(result.expected[i, j]),
                off=finite(result.off[i, j]),
                allowed=finite(result.allowed[i, j]),
            )

    def compare_fields(
        self,
        check: str,
        places: Mapping[str, Position],
        expected: Expected,
        rank: int,
        begin: int = 0,
    ) -> None:
        """Compare single cells, numbers or words, with what the members of the ensemble have.

        places: in order of calculation, the first of them number begin.   rank: which of a tab's
        parts they are.
        """
        tolerance = self._tolerance[check]
        for order, (key, position) in enumerate(places.items(), begin):
            value, members = self.cells.get(position), expected[key]
            if isinstance(self.contents.get(position), Formula):
                self._compared[position] = key, partial(_fixed, (rank, order, position[1])), 0, 0
            off = allowed = None
            first = members[0]
            if isinstance(value, str) or isinstance(first, str):
                is_verdict = key == "verdict" and isinstance(value, str)
                ok = value in members or (is_verdict and agrees(str(value), members))
            elif not np.isfinite(first):
                ok = isinstance(value, CellError)
            elif isinstance(value, float):
                spread = _spread(members)
                allowed = tolerance.around(first) + SAFETY * spread
                off = abs(value - first)
                # Where a member is not finite, float64 does not say what to expect.
                ok = off <= allowed or np.isnan(allowed)
            else:
                ok = False
            off, allowed = finite(off), finite(allowed)
            compared = (address(position), key, check, value, first, off, allowed, bool(ok))
            self.report.fields.append(compared)
            if not ok:
                self.differ(
                    position,
                    (rank, order, position[1]),
                    key,
                    check,
                    torch_value=first,
                    off=off,
                    allowed=allowed,
                )

    def torch_value(self, position: Position) -> float | str | None:
        """Return what torch has for a cell, None for one that was not compared."""
        where = address(position)
        for field in self.report.fields:
            if field[0] == where:
                return field[4]
        for result in self.report.comparisons.values():
            rows = np.flatnonzero(result.rows == position[0])
            columns = np.flatnonzero(result.columns == position[1])
            if len(rows) and len(columns):
                return float(result.expected[rows[0], columns[0]])
        return None

    # With its own column

    def check_patterns(
        self, table: TableMap, columns: Sequence[Column], wanted: Wanted, order: Order
    ) -> None:
        """Look for formulas that do not say what their column says, and for typed-in numbers.

        wanted: from a template to what xlsgd writes into a row.
        """
        places = {row: i for i, row in enumerate(table.rows)}
        for j, column in enumerate(columns):
            number = table.columns[column.quantity]
            rows = table.rows[1:] if column.looks_back else table.rows
            right = wanted(column.formula)

            def is_right(said: str, row: int, right: Callable[[int], str] = right) -> bool:
                return self._reading.same_in_row(self.report.name, row, said, right(row), places)

            odd = odd_rows(self.contents, table.rows, rows, number, is_right)
            self.report.cells_in_pattern += len(rows)
            cells = [
                OddCell((row, number), right(row), order(places[row], j), self._step(table, row))
                for row in odd
            ]
            self._wording.judge_column(column.quantity, cells, len(rows), places)
            if column.looks_back and column.first_formula.startswith("="):
                begin = table.rows[0]
                first = wanted(column.first_formula)(begin)
                step = self._step(table, begin)
                cell = OddCell((begin, number), first, order(0, j), step)
                self._wording.judge_first(column.quantity, cell)

    def _step(self, table: TableMap, row: int) -> int | None:
        step = self.cells.get((row, table.columns.get("step", 0)))
        return int(step) if isinstance(step, float) else None

    def check_cells(
        self,
        table: TableMap,
        columns: Sequence[Column],
        wanted: Wanted,
        order: Order,
        step_of: Callable[[int], int] | None = None,
    ) -> None:
        """Look for cells that do not hold the very formula that xlsgd writes there.

        For tables whose formulas say something else in every row, so that there is no pattern.
        wanted: from a template to what xlsgd writes into a row.
        """
        places = {row: i for i, row in enumerate(table.rows)}
        for j, column in enumerate(columns):
            number = table.columns[column.quantity]
            make = wanted(column.formula)
            odd: list[OddCell] = []
            looked_at = 0
            for i, row in enumerate(table.rows):
                if i == 0 and column.looks_back:
                    if not column.first_formula.startswith("="):
                        continue
                    right = wanted(column.first_formula)(row)
                else:
                    right = make(row)
                looked_at += 1
                said = self.contents.get((row, number))
                if isinstance(said, Formula) and (
                    said == right
                    or self._reading.same_in_row(self.report.name, row, said, right, places)
                ):
                    continue
                step = None if step_of is None else step_of(i)
                odd.append(OddCell((row, number), right, order(i, j), step))
            self.report.cells_in_pattern += looked_at
            self._wording.judge_column(column.quantity, odd, looked_at, places, pattern=False)

    def check_formula(
        self, position: Position, order: tuple[int, ...], key: str, wanted: str
    ) -> None:
        """Report a single cell that does not hold the formula that xlsgd writes there."""
        self._wording.judge_cell(key, OddCell(position, wanted, order))

    # With what the file stores

    def doubted(self, stored: Mapping[Position, Scalar]) -> tuple[list[Place], list[Place]]:
        """Return the cells whose saved value is not what recalculation gives, and the others.

        Asked of the cells that torch was asked about; what a learner keeps besides may change
        with every look at it, as =NOW() does.
        """
        tolerance = self._tolerance["stored"]
        doubts: list[Place] = []
        agreeing: list[Place] = []
        for position in self._compared:
            value = self.cells[position]
            if isinstance(value, Uncomputed):
                continue  # reported as such
            self.report.cells_stored += 1
            same = as_saved(value, stored[position], tolerance)
            (agreeing if same else doubts).append((self.report.name, position))
        return doubts, agreeing

    def differ_stored(self, position: Position, wrong: Saved) -> None:
        """Note a saved value that is wrong."""
        quantity, order, row, column = self._compared[position]
        value, tolerance = self.cells[position], self._tolerance["stored"]
        shown = f"the file stores {value_text(wrong.saved)}, recalculated it is {value_text(value)}"
        if not as_saved(value, wrong.follows, tolerance):
            shown += f", and from the values stored beside it {value_text(wrong.follows)}"
        if as_saved(value, wrong.saved, tolerance):
            value = wrong.follows
        self.differ(
            position,
            order(row, column),
            quantity,
            "stored",
            shown,
            sheet_value=wrong.saved,
            torch_value=value,
            off=finite(wrong.off),
            allowed=finite(wrong.allowed),
        )


def _fixed(when: tuple[int, ...], row: int, column: int) -> tuple[int, ...]:
    """Stand in for the order of a single cell."""
    return when


def _spread(members: Sequence[float | str]) -> float:
    """Return how far the members' numbers stray from the first one's; nan where one is not finite,
    or has words in place of a number."""
    numbers = [member if isinstance(member, float) else float("nan") for member in members]
    return float(np.max(np.abs(np.array(numbers) - numbers[0])))
