"""Where the rows of a validation tab look: at weights, at rows of data, at each other."""

from __future__ import annotations

from dataclasses import dataclass

from xlsgd.sheets.maps import (
    BookMap,
    Reference,
    Scope,
    TableMap,
    TabMap,
    address,
    data_range,
    quoted,
    range_in,
)

__all__ = ["CASES", "EPOCHS", "KIND_NAME", "PASSED", "WEIGHTS", "ValidationScope", "owner"]

KIND_NAME = "validation"
EPOCHS, WEIGHTS, PASSED, CASES = "epochs", "weights", "passed", "cases"
"""The tables of such a tab: a row an epoch, its weights, all rows of data in every epoch, and the
rows that validate, which the first of such tabs has for all."""


def owner(book: BookMap) -> TabMap:
    """Return the tab with the rows that validate.  Raises StopIteration if there is none."""
    return next(tab for tab in book.of(KIND_NAME).values() if CASES in tab.tables)


@dataclass(frozen=True)
class ValidationScope(Scope):
    """The names that templates of such a tab have; see its columns.   experiment: its id."""

    experiment: str

    heads = ("ended", "at", "case", "train", "held", "cases", "final")

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        if head == "final":
            return address(tab.tables[EPOCHS].cell(name, -1), absolute=True)
        holder = owner(book)
        cases = holder.tables[CASES]
        there = "" if holder is tab else f"{quoted(holder.sheet)}!"
        if head == "cases":
            return there + range_in(cases, name)
        data, own = book.data.tables["data"], tab.tables[table]
        trained, held = len(data.rows), len(cases.rows)

        def ended(row: int) -> str:
            training = book.training[self.experiment]
            steps, epochs = training.tables["steps"], len(own.rows) - 1
            last = own.place(row) * len(steps.rows) // epochs - 1
            return f"{quoted(training.sheet)}!{address(steps.cell(name, last))}"

        def at(row: int) -> str:
            weights = tab.tables[WEIGHTS]
            place = own.place(row) // (trained + held)
            return address(weights.cell(f"weight.{name}", place), absolute=True)

        def case(row: int) -> str:
            number = own.place(row) % (trained + held)
            if number < trained:
                return f"{quoted(book.data.sheet)}!{_across(data, name, number)}"
            return there + _across(cases, name, number - trained)

        def some(row: int) -> str:
            begin = own.place(row) * (trained + held)
            among = slice(begin, begin + trained)
            if head == "held":
                among = slice(begin + trained, begin + trained + held)
            passed = tab.tables[PASSED]
            if name in passed.columns:
                return range_in(passed, name, among)
            return data_range(book, name) if head == "train" else there + range_in(cases, name)

        return {"ended": ended, "at": at, "case": case, "train": some, "held": some}[head]


def _across(table: TableMap, quantity: str, number: int) -> str:
    """Return the cell of a quantity in a row, its column fixed.  number: of the row, from 0."""
    row, column = table.cell(quantity, number)
    return address((row, column), absolute=True).replace(f"${row}", f"{row}")
