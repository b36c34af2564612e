"""Rows and columns that are folded away: a click on the sign beside them opens them."""

from __future__ import annotations

from collections.abc import Iterable

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters

__all__ = ["FOLDED", "fold_columns", "fold_rows", "fold_top", "header_below"]

FOLDED = 3
"""The first row below title and note: from there on stands what a reader need not see."""


def header_below(folded: int) -> int:
    """Return the row of headers of a table below so many folded fields: above it is a row for the
    names of its groups, and the row itself is folded too, with keys that are in nobody's way."""
    return FOLDED + folded + 1


def fold_top(sheet: Worksheet, header: int) -> None:
    """Fold the fields below the title, and the row of headers below them."""
    fold_rows(sheet, *range(FOLDED, header - 1), header)


def fold_columns(sheet: Worksheet, columns: Iterable[int]) -> None:
    """Fold neighbouring columns."""
    last = 0
    for column in columns:
        dimension = sheet.column_dimensions[column_letters(column)]
        dimension.outlineLevel, dimension.hidden = 1, True
        last = max(last, column)
    if last:
        sheet.column_dimensions[column_letters(last + 1)].collapsed = True


def fold_rows(sheet: Worksheet, *rows: int) -> None:
    """Fold rows."""
    for row in rows:
        dimension = sheet.row_dimensions[row]
        dimension.outlineLevel, dimension.hidden = 1, True
    for row in rows:
        if row + 1 not in rows:
            sheet.row_dimensions[row + 1].collapsed = True
