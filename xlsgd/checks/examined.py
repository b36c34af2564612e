"""A tab under examination: its cells, what was found wrong with them, what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.cells import CellError, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.base.columns import Column
from xlsgd.checks.reading import Reading
from xlsgd.checks.stored import Place, Saved, as_saved
from xlsgd.checks.wording import OddCell, Wording
from xlsgd.formula.filled import odd_rows
from xlsgd.report.compare import SAFETY, Block, Comparison, Tolerance, compare, kind_name, kind_of
from xlsgd.report.report import Difference, Extreme, SheetReport, value_text
from xlsgd.sheets.maps import TableMap, address
from xlsgd.verdict import agrees

__all__ = ["ExaminedTab"]

Expected = Mapping[str, Sequence[float | str]]
"""Name to what each member of the ensemble expects; the first is the run itself."""

Order = Callable[[int, int], tuple[int, ...]]
"""From row and column of a table, counted from 0, to when the cell is calculated: tuples that can
be compared with one another."""

Wanted = Callable[[str, int], str]
"""From a template and a row of the sheet to the formula that xlsgd writes there."""

_INPUT = "an input: taken as it is for both sides"
_UNCHECKED = {
    "training": "not one of xlsgd's fields or columns",
    "model": "not one of xlsgd's fields or columns",
    "matrix": "not one of xlsgd's fields or columns",
    "compare": "not one of xlsgd's fields or columns",
    "data": "data: taken as it is for both sides",
    "other": "on a tab that is none of xlsgd's training tabs",
}


class ExaminedTab:
    """Gathers differences cell by cell and turns them into a report.

    order, in several methods: what is calculated first, so that the first difference is the
    culprit and not one of its victims.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        contents: Grid,
        values: Mapping[Position, Scalar | Uncomputed],
        tolerance: Mapping[str, Tolerance],
        reading: Reading,
    ) -> None:
        self.report = SheetReport(name, kind)
        self.report.formulas = sum(isinstance(c, Formula) for c in contents.values())
        self.contents = contents
        self.cells: dict[Position, Scalar | Uncomputed] = {
            position: values[position] if isinstance(content, Formula) else content
            for position, content in contents.items()
        }
        self.inputs: set[Position] = set()
        self._tolerance = tolerance
        self._reading = reading
        self._wording = Wording(self, reading)
        # What was compared: its quantity, and how to tell when it is calculated.
        self._compared: dict[Position, tuple[str, Order, int, int]] = {}
        self._wrong: dict[Position, Difference] = {}
        self._order: dict[Position, tuple[int, ...]] = {}
        self._edited: set[Position] = set()

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

    @property
    def wrong(self) -> Mapping[Position, Difference]:
        """The differences so far."""
        return self._wrong

    def says(self, position: Position, wanted: str) -> bool:
        """Return whether a cell holds a formula that says what xlsgd's formula there says."""
        said = self.contents.get(position)
        return isinstance(said, Formula) and self._reading.same(self.report.name, said, wanted)

    # With torch

    def compare_table(
        self,
        check: str,
        table: str,
        block: Block,
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
        for j, (quantity, column) in enumerate(block.columns.items()):
            for i, row in enumerate(block.rows):
                if isinstance(self.contents.get((row, column)), Formula):
                    self._compared[row, column] = quantity, order, i, j
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
                off=_finite(result.off[i, j]),
                allowed=_finite(result.allowed[i, j]),
            )

    def compare_fields(
        self,
        check: str,
        places: Mapping[str, Position],
        expected: Expected,
        rank_of: Callable[[str], int],
        begin: int = 0,
    ) -> None:
        """Compare single cells, numbers or words, with what the members of the ensemble have.

        places: in order of calculation, the first of them number begin.
        """
        tolerance = self._tolerance[check]
        for order, (key, position) in enumerate(places.items(), begin):
            value, members = self.cells.get(position), expected[key]
            rank = rank_of(key)
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
                allowed = tolerance.atol + tolerance.rtol * abs(first) + SAFETY * spread
                off = abs(value - first)
                # Where a member is not finite, float64 does not say what to expect.
                ok = off <= allowed or np.isnan(allowed)
            else:
                ok = False
            off, allowed = _finite(off), _finite(allowed)
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

    # With its own column

    def check_patterns(
        self, table: TableMap, columns: Sequence[Column], wanted: Wanted, order: Order
    ) -> None:
        """Look for formulas that do not say what their column says, and for typed-in numbers.

        wanted: what xlsgd itself would write into a cell of a column.
        """
        places = {row: i for i, row in enumerate(table.rows)}
        for j, column in enumerate(columns):
            number = table.columns[column.quantity]
            rows = table.rows[1:] if column.looks_back else table.rows
            right = partial(wanted, column.formula)

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
                first = wanted(column.first_formula, begin)
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
        wanted: Callable[[str], Callable[[int], str]],
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
            off=_finite(wrong.off),
            allowed=_finite(wrong.allowed),
        )

    # The report

    def names_uncomputed(self) -> bool:
        """Return whether a difference is a cell that has no value by its own fault."""
        found = (d.sheet_value for d in self._wrong.values())
        return any(isinstance(value, Uncomputed) and not value.follows for value in found)

    def differ(
        self,
        position: Position,
        order: tuple[int, ...],
        quantity: str,
        check: str,
        reason: str | None = None,
        **details: Any,
    ) -> None:
        """Note a difference; of several in one cell, the one that knows torch's value counts.

        order: when it is calculated.
        """
        value = self.cells.get(position)
        content = self.contents.get(position)
        expected = details.get("torch_value")
        found = Difference(
            self.report.name,
            address(position),
            quantity,
            check,
            reason or _reason(value, expected),
            formula=str(content) if isinstance(content, Formula) else None,
            **{"sheet_value": value, **details},
        )
        earlier = self._wrong.get(position)
        if check == "pattern":
            self._edited.add(position)
        self._order.setdefault(position, order)
        if earlier is None:
            self._wrong[position] = found
        elif earlier.torch_value is None and expected is not None:
            reason = f"{earlier.reason}; {found.reason}"
            # That the run goes another way from here on does not make it a mere victim.
            check = earlier.check if check == "run" else check
            self._wrong[position] = replace(found, reason=reason, check=check)

    @property
    def edited(self) -> set[str]:
        """The cells that do not say what xlsgd writes there, whatever they give."""
        return {address(position) for position in self._edited}

    def finish(
        self,
        follows_a_wrong_one: bool = False,
        names_uncomputed: bool = False,
        rule_of: Callable[[Difference], str | None] = lambda found: None,
    ) -> SheetReport:
        """Account for every formula cell and return the report.

        follows_a_wrong_one: whether a tab that this one looks at has differences of its own.
        names_uncomputed: whether a cell of the workbook is named that has no value by its own
            fault, so that those that have none because of it need not be.
        rule_of: gives the name of the rule by which a difference is harmless, None if it is not.
        """
        report = self.report
        report.cells_compared = len(self._compared)
        for position, content in self.contents.items():
            if isinstance(content, Formula) and position not in self._compared:
                is_input = position in self.inputs
                reason = _INPUT if is_input else _UNCHECKED[report.kind]
                value = self.cells[position]
                if isinstance(value, Uncomputed):
                    reason += f"; {value}"
                report.unchecked[address(position)] = reason
        edited = {address(position) for position in self._edited}
        ordered = self._wording.ordered(self._wrong, self._order)
        wrong = []
        for position in ordered:
            found = replace(self._wrong[position], order=self._order[position])
            # What somebody has typed over or changed is no habit of a program.
            rule = None if position in self._edited else rule_of(found)
            if rule is None:
                wrong.append(found)
            else:
                report.harmless.setdefault(rule, []).append(found)
        # One wrong step, and a run goes another way from there on: hundreds of cells that are
        # right by themselves. They are counted, not listed.
        count = len(wrong)
        if names_uncomputed:
            wrong = [d for d in wrong if not (_waits(d) and d.cell not in edited)]
        first = next((i for i, d in enumerate(wrong) if d.check != "run"), len(wrong))
        first = 0 if follows_a_wrong_one else first
        report.differences = wrong[:first] + [d for d in wrong[first:] if d.check != "run"]
        report.cells_differing = len(report.differences)
        report.cells_following = count - len(report.differences)
        report.greatest_off = _extreme(report.comparisons, "off")
        report.greatest_relative = _extreme(report.comparisons, "relative")
        return report


def _waits(found: Difference) -> bool:
    return isinstance(found.sheet_value, Uncomputed) and found.sheet_value.follows


def _reason(value: Scalar | Uncomputed, expected: object) -> str:
    if isinstance(value, Uncomputed):
        return str(value)
    kind = kind_name(kind_of(value))
    if not isinstance(expected, float):
        return "says something else than torch" if isinstance(value, str) else f"holds {kind}"
    if isinstance(value, float) and np.isfinite(expected):
        return "differs from torch"
    return f"{kind} where torch has {'a number' if np.isfinite(expected) else 'no finite number'}"


def _fixed(when: tuple[int, ...], row: int, column: int) -> tuple[int, ...]:
    """Stand in for the order of a single cell."""
    return when


def _spread(members: Sequence[float | str]) -> float:
    """Return how far the members' numbers stray from the first one's; nan where not finite."""
    numbers = [member for member in members if isinstance(member, float)]
    return max(abs(number - numbers[0]) for number in numbers)


def _finite(number: float | None) -> float | None:
    return None if number is None or not np.isfinite(number) else float(number)


def _extreme(comparisons: Mapping[str, Comparison], kind: str) -> Extreme | None:
    """Return the greatest difference among the step checks, with its cell."""
    best: Extreme | None = None
    for name, result in comparisons.items():
        if not name.startswith("step"):
            continue
        numbers = getattr(result, kind)
        numbers = np.where(np.isfinite(numbers), numbers, -1.0)
        i, j = (int(n) for n in np.unravel_index(np.argmax(numbers), numbers.shape))
        if numbers[i, j] >= 0 and (best is None or numbers[i, j] > best.value):
            best = Extreme(float(numbers[i, j]), address(result.position(i, j)))
    return best
