"""The engine that calculates nothing: the values in the file, by whatever program saved it last.

This is how Excel's own numbers come before torch: recalculate and save in Excel, verify here.
"""

from __future__ import annotations

import re

from xlsgd.base.cells import WorkbookFile
from xlsgd.base.errors import NoStoredValuesError
from xlsgd.engines import FIFTEEN_DIGITS, MORE_DIGITS, NEAR_ZERO, Calculation, Progress
from xlsgd.engines.programs import saved_values

__all__ = ["ENGINE", "StoredEngine", "habits_of"]

_HABITS = {
    r"LibreOffice": frozenset({FIFTEEN_DIGITS, NEAR_ZERO}),
    r"gnumeric": frozenset({MORE_DIGITS}),
    # Excel's versions are 12 and above; openpyxl calls itself Excel, and has versions of its own.
    r"Microsoft.* Excel 1\d\.": frozenset({NEAR_ZERO}),
}
"""What is known of programs, by what a file says of the one that saved it."""


def habits_of(saved_by: str) -> frozenset[str]:
    """Return what is known of the program that saved a file; nothing of most."""
    return frozenset[str]().union(
        *(found for words, found in _HABITS.items() if re.match(words, saved_by, re.I))
    )


class StoredEngine:
    """Takes the values that stand beside the formulas."""

    name = "stored"
    order = 7
    summary = "the values in the file, by the program that saved it last"

    def missing(self) -> str | None:
        """Return None: nothing is needed."""
        return None

    def version(self) -> str:
        """Return what it is; only a file knows who saved it."""
        return "stored values"

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return the stored value of every formula cell.

        Raises NoStoredValuesError for a file that stores none.
        """
        if all(value is None for cells in file.stored.values() for value in cells.values()):
            raise NoStoredValuesError(
                f"{file.path}: stores no values beside its formulas (the program that saved it "
                "writes none); open it in a spreadsheet program and save it, or use another engine"
            )
        by = f"the program that saved the file ({file.saved_by})" if file.saved_by else "the file"
        habits = habits_of(file.saved_by)
        program = f"stored values, saved by {file.saved_by}" if file.saved_by else self.version()
        return Calculation(saved_values(file.book, file, by), habits=habits, program=program)


ENGINE = StoredEngine()
