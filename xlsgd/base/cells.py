"""What a cell can hold: the ground on which writers, readers and engines meet.

A *grid* is a dict from ``(row, column)``, both 1-based as Excel counts them, to what the cell
holds. Only cells that hold something are in it, so a lonely value in the last cell of a sheet
costs one entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "LAST_COLUMN",
    "LAST_ROW",
    "Book",
    "CellError",
    "Content",
    "Formula",
    "Grid",
    "Position",
    "Scalar",
    "Uncomputed",
    "Values",
    "WorkbookFile",
    "column_letters",
    "column_number",
]

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""Of a sheet in Excel 2007 and later."""

Position = tuple[int, int]
"""``(row, column)``, 1-based."""


class Formula(str):
    """Formula text with its leading ``=``; a plain ``str`` in a grid is text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CellError:
    """An error value such as ``#NUM!``.

    too_large: 1 or -1 where it stands for a number of a file that is beyond float64, up or down,
        which a program with wider numbers has saved; else 0.
    """

    code: str
    too_large: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Uncomputed:
    """Stands where an engine has no value for a formula, and says why.

    follows: whether that is so only because a cell that it looks at has none.
    """

    reason: str
    follows: bool = False

    def __str__(self) -> str:
        return f"not computed: {self.reason}"


Scalar = float | str | bool | CellError | None
"""The value of a cell. Every number is a float; an empty cell is None."""

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]
"""Per sheet, the calculated value of every formula cell."""

Content = Formula | Scalar
Grid = dict[Position, Content]


Area = tuple[int, int, int, int]
"""Top, left, bottom and right, all of them inside."""


@dataclass(frozen=True)
class Table:
    """A table with a name: rows under headers.

    area: without header and totals.   headers: 1 if it has a row of them above.   totals: 1 if it
    has such a row below.
    """

    sheet: str
    area: Area
    columns: tuple[str, ...]
    headers: int = 1
    totals: int = 0


@dataclass
class Book:
    """A workbook as cells alone.

    sheets: name to grid, in tab order.
    names: defined names; key ``(sheet or None, name in lower case)``, value the text the name
        refers to without ``=``, such as ``"data!$B$5:$B$33"``.
    tables: by their names in lower case.
    arrays: per sheet, the cells that are filled by a formula of more than one cell, by the first of
        them, which holds it; the others hold the values that were stored.
    """

    sheets: dict[str, Grid] = field(default_factory=dict)
    names: dict[tuple[str | None, str], str] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    arrays: dict[str, dict[Position, Area]] = field(default_factory=dict)


@dataclass
class WorkbookFile:
    """A workbook as it lies in a file.

    book: formulas and constants.
    stored: per sheet, the value that the program which saved the file put beside each formula.
    saved_by: that program with its version, as the file says; empty if it does not.
    settled: per sheet, formula cells of the file whose stored values stand in the book in their
        place.
    """

    path: Path
    book: Book
    stored: dict[str, dict[Position, Scalar]]
    saved_by: str = ""
    settled: dict[str, dict[Position, Scalar]] = field(default_factory=dict)


def column_letters(column: int) -> str:
    """Return ``AB`` for 28."""
    letters = ""
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def column_number(letters: str) -> int:
    """Return 28 for ``AB``."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
