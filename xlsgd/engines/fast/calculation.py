"""One calculation of a book: which cell comes when.

Stretches of cells are taken in the order in which they need each other, most of them by a loop
made for them, cell by cell where that is in doubt.  A cell whose operands are not there yet goes on
a stack, its operands on top of it, and is tried again when they are done; Python's own stack would
not do, for chains of cells are as long as a sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import length_hint

from xlsgd.base.cells import LAST_ROW, Book, Position, Scalar, Uncomputed
from xlsgd.engines import Progress
from xlsgd.engines.fast.components import in_a_circle
from xlsgd.engines.fast.evaluator import CIRCULAR, Doubts, Evaluator, Experience
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.engines.fast.plans import Pattern, Pending, Plan, Sheet
from xlsgd.engines.fast.storage import SheetCells
from xlsgd.engines.fast.stretches import (
    Cell,
    Stretch,
    by_rows,
    in_order,
    row_order,
    taken_apart,
)
from xlsgd.formula.r1c1 import Refused, Relative, address

__all__ = ["Run"]

CHUNK = 4096  # cells between two calls of progress
SHORTEST = 4  # rows: a loop over fewer takes longer to make than it saves
MOST_STOPS = 100  # rows in doubt, after which a loop is given up


class Run:
    """One pass over a book."""

    def __init__(self, book: Book, experience: Experience, doubts: Doubts) -> None:
        self._reader = KeyReader(book, experience.readings)
        self._sheets: list[Sheet] = [SheetCells(name, grid) for name, grid in book.sheets.items()]
        # Names are looked up without regard to case; of two that differ in case alone, which
        # no spreadsheet program allows, the first is found.
        self._by_name = {sheet.name.lower(): sheet for sheet in reversed(self._sheets)}
        self._evaluator = Evaluator(experience, doubts, self._reader, self._by_name)
        self._patterns: dict[Relative, Pattern] = {}
        self._stretches: list[list[Stretch]] = []
        self._plans = [self._plan(sheet) for sheet in self._sheets]
        self._circular = False
        self._meter = _Meter(None, 0)

    def _plan(self, sheet: Sheet) -> list[Plan]:
        """Return the plans of a sheet's formula cells, in their order, and note its stretches."""
        plans: list[Plan] = []
        stretches: list[Stretch] = []
        lowest: dict[int, Stretch] = {}  # by column
        made: dict[tuple[int, int], Plan] = {}
        for position in sheet.formulas:
            row, column = position
            text = str(sheet.grid[position])
            try:
                relative = self._reader.key(text, sheet.name, row, column)
                refused = None
            except Refused as error:
                refused = str(error)
                relative = self._reader.no_key(refused)
            # The reader gives the same object for equal keys; hashing one takes a microsecond.
            plan = made.get((id(relative), column))
            if plan is None:
                pattern = self._patterns.get(relative)
                if pattern is None:
                    pattern = self._patterns[relative] = Pattern(relative, refused)
                plan = made[id(relative), column] = Plan(pattern, sheet, column, self._by_name)
            plan.pattern.count(sheet, row, column)
            plan.target.plans[row] = plan
            plans.append(plan)
            stretch = lowest.get(column)
            if stretch is None or stretch.plan is not plan or stretch.last != row - 1:
                stretch = lowest[column] = Stretch(plan, row)
                stretches.append(stretch)
            else:
                stretch.last = row
        self._stretches.append(stretches)
        return plans

    def calculate(self, progress: Progress | None) -> None:
        """Compute all cells.  Raises Distrusted if it has to be done again."""
        self._meter = _Meter(progress, sum(map(len, self._plans)))
        ordered = in_order([stretch for found in self._stretches for stretch in found])
        for group in self._stretches if ordered is None else ordered:
            self._compute(group)
        self._meter.end()
        self._evaluator.check_witnesses(self._patterns.values())
        self._name_circles()

    def _compute(self, group: list[Stretch], whole: bool = True) -> None:
        """Compute stretches that need each other, or one by itself.

        whole: whether they may be taken apart.
        """
        if len(group) == 1:
            self._sweep(group[0].cells())
            return
        # The first row of a recurrence has formulas of its own: it comes before the loop.
        band = [stretch for stretch in group if len(stretch) >= SHORTEST]
        first = max((stretch.first for stretch in band), default=1)
        last = min((stretch.last for stretch in band), default=0)
        ordered = row_order(band) if last - first >= SHORTEST else None
        others = (stretch for stretch in group if len(stretch) < SHORTEST)
        if ordered is None or any(s.last >= first and s.first <= last for s in others):
            parts = taken_apart(group) if whole else []
            for part in parts:
                self._compute(part, whole=False)
            if not parts:
                self._sweep(by_rows(group, 1, LAST_ROW))
            return
        self._sweep(by_rows(group, 1, first - 1))
        self._loop_over(ordered, first, last)
        self._sweep(by_rows(group, last + 1, LAST_ROW))

    def _loop_over(self, band: list[Stretch], first: int, last: int) -> None:
        """Compute these rows, row by row, by a loop where it is not in doubt."""
        piece = max(1, CHUNK // len(band))
        stops = 0
        for begin in range(first, last + 1, piece):
            end = min(begin + piece, last + 1)
            rows = iter(range(begin, end))
            for row in rows:  # the first one, and every one that was in doubt
                for stretch in band:
                    self._settle(stretch.plan, row)
                loop = self._evaluator.loop([stretch.plan for stretch in band])
                if loop is None or stops > MOST_STOPS:
                    self._sweep(by_rows(band, row + 1, last))
                    return
                try:
                    loop(rows)
                except Exception:
                    stops += 1
                    for stretch in band:  # the rest of the row; of what is done, nothing
                        self._settle(stretch.plan, end - 1 - length_hint(rows))
            self._meter.add(len(band) * (end - begin))

    def _sweep(self, cells: Iterable[Cell]) -> None:
        for count, (plan, row) in enumerate(cells, 1):
            if not count % CHUNK:
                self._meter.add(CHUNK)
            try:
                value = plan.fast(row)
            except Exception:
                # The commonest reason, a KeyError, is an operand that is not a number or not
                # there; none is worth telling apart here.
                self._settle(plan, row)
                continue
            if value.__class__ is float:
                plan.target.numbers[row] = value
            else:
                plan.target.others[row] = value

    def _settle(self, plan: Plan, row: int) -> None:
        """Compute a cell and all that it needs."""
        stack: list[Cell] = [(plan, row)]
        waiting: set[Cell] = set()  # those on the stack whose operands are above them
        while stack:
            cell = plan, row = stack[-1]
            target = plan.target
            if row in target.numbers or row in target.others:
                stack.pop()
                continue
            pending: Pending = []
            try:
                value: Scalar | Uncomputed = plan.fast(row)
            except Exception:
                value = self._evaluator.value(plan, row, pending)
            if pending:
                waiting.add(cell)
                if waiting.isdisjoint(pending):
                    stack.extend(reversed(pending))
                    continue
                value = CIRCULAR  # a cell below waits for this one, and this one for it
                self._circular = True
            if isinstance(value, float):
                target.numbers[row] = value
            else:
                target.others[row] = value
            waiting.discard(cell)
            stack.pop()

    def _name_circles(self) -> None:
        """Tell the cells that wait for themselves which cells they wait for."""
        if not self._circular:
            return
        needs: dict[Cell, list[Cell]] = {}
        for sheet, plans in zip(self._sheets, self._plans, strict=True):
            for (row, _), plan in zip(sheet.formulas, plans, strict=True):
                if plan.target.others.get(row) is CIRCULAR:
                    needs[plan, row] = plan.holding(CIRCULAR, row)
        circles = in_a_circle(needs)
        for cell, needed in needs.items():
            if cell not in circles:
                reason = f"it waits for {_name(needed[0])}"
            elif cell in needed:
                reason = "it needs itself"
            else:
                following = next(x for x in needed if circles.get(x) == circles[cell])
                reason = f"it needs {_name(following)}, which in the end needs it"
            plan, row = cell
            plan.target.others[row] = Uncomputed(
                f"circular reference: {reason}", follows=cell not in circles
            )

    def given(self, values: Mapping[str, Mapping[Position, Scalar]]) -> None:
        """Let cells hold these values by sheet, those with formulas too; instead of calculate."""
        for sheet in self._sheets:
            sheet.hold(values.get(sheet.name, {}))
        for stretches in self._stretches:
            for stretch in stretches:
                stretch.plan.unbind()

    def places(self) -> dict[str, dict[Position, Plan]]:
        """Return how every formula cell is computed, by name of the sheet."""
        return {
            sheet.name: dict(zip(sheet.formulas, plans, strict=True))
            for sheet, plans in zip(self._sheets, self._plans, strict=True)
        }

    def follows(self, plan: Plan, row: int) -> Scalar | Uncomputed:
        """Return what a formula gives for what its operands hold; nothing is stored.

        Raises Distrusted if it has to be done again.
        """
        try:
            value: Scalar = plan.fast(row)
        except Exception:
            return self._evaluator.value(plan, row, [])
        return value

    def values(self) -> dict[str, dict[Position, Scalar | Uncomputed]]:
        """Return the value of every formula cell, by name of the sheet."""
        return {
            sheet.name: {
                position: plan.target.value(position[0], [])
                for position, plan in zip(sheet.formulas, plans, strict=True)
            }
            for sheet, plans in zip(self._sheets, self._plans, strict=True)
        }

    def notes(self) -> list[str]:
        """Return what a user should know about the values."""
        return self._evaluator.notes()


def _name(cell: Cell) -> str:
    plan, row = cell
    return address(plan.sheet.name, row, plan.column)


class _Meter:
    """Tells how far a calculation has come, now and then."""

    def __init__(self, tell: Progress | None, total: int) -> None:
        self._tell, self._total = tell, total
        self._done = self._told = 0

    def add(self, cells: int) -> None:
        """Count cells as done."""
        self._done += cells
        if self._tell is not None and self._done - self._told >= CHUNK:
            self._tell(min(self._done, self._total), self._total)
            self._told = self._done

    def end(self) -> None:
        """Count all cells as done."""
        if self._tell is not None:
            self._tell(self._total, self._total)
