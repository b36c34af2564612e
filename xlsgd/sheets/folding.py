"""Rows and columns that are folded away: a click on the sign beside them opens them."""

from __future__ import annotations

from collections.abc import Iterable

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters

__all__ = ["fold_columns", "fold_rows"]


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
