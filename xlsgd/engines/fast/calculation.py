"""One calculation of a book: which cell comes when.

Cells are taken row by row.  One whose operands are not there yet goes on a stack, its operands
on top of it, and is tried again when they are done; Python's own stack would not do, for chains
of cells are as long as a sheet.
"""

from __future__ import annotations

from xlsgd.cells import Book, Position, Scalar, Uncomputed
from xlsgd.engines import Progress
from xlsgd.engines.fast.circular import in_a_circle
from xlsgd.engines.fast.evaluator import CIRCULAR, Evaluator, Experience
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.engines.fast.plans import Pattern, Plan
from xlsgd.engines.fast.r1c1 import Refused, Relative, address
from xlsgd.engines.fast.storage import Pending, SheetCells

__all__ = ["Run"]

CHUNK = 4096  # cells between two calls of progress

Cell = tuple[Plan, int]


class Run:
    """One pass over a book."""

    def __init__(self, book: Book, experience: Experience) -> None:
        self._reader = KeyReader(book)
        self._sheets = [SheetCells(name, grid) for name, grid in book.sheets.items()]
        # Names are looked up without regard to case; of two that differ in case alone, which
        # no spreadsheet program allows, the first is found.
        self._by_name = {sheet.name.lower(): sheet for sheet in reversed(self._sheets)}
        self._evaluator = Evaluator(experience, self._reader, self._by_name)
        self._patterns: dict[Relative, Pattern] = {}
        self._plans = [self._plan(sheet) for sheet in self._sheets]

    def _plan(self, sheet: SheetCells) -> list[Plan]:
        """Return the plans of a sheet's formula cells, in their order."""
        plans: list[Plan] = []
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
        return plans

    def calculate(self, progress: Progress | None) -> None:
        """Compute all cells.  Raises Distrusted if it has to be done again."""
        total, done = sum(map(len, self._plans)), 0
        for sheet, plans in zip(self._sheets, self._plans, strict=True):
            for start in range(0, len(plans), CHUNK):
                end = min(start + CHUNK, len(plans))
                self._sweep(sheet.formulas[start:end], plans[start:end])
                if progress is not None:
                    progress(done + end, total)
            done += len(plans)
        self._evaluator.check_witnesses(self._patterns.values())
        self._name_circles()

    def _sweep(self, positions: list[Position], plans: list[Plan]) -> None:
        for (row, _), plan in zip(positions, plans, strict=True):
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
            if isinstance(value, float):
                target.numbers[row] = value
            else:
                target.others[row] = value
            waiting.discard(cell)
            stack.pop()

    def _name_circles(self) -> None:
        """Tell the cells that wait for themselves which cells they wait for."""
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
            plan.target.others[row] = Uncomputed(f"circular reference: {reason}")

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
