"""What the tests of lessons read from their workbooks: columns of tables, fields, and answers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import openpyxl
from openpyxl.workbook import Workbook

from tests.verify.books import field_cell


@lru_cache(maxsize=4)
def opened(book: Path, values: bool = True) -> Workbook:
    """Return a workbook with its values or its formulas; it is read once."""
    return openpyxl.load_workbook(book, data_only=values)


def column(book: Path, tab: str, quantity: str, *others: str) -> list[float]:
    """Return a column of a table that has the others too, of the steps where none is named."""
    needed = {quantity, *(others or ("step", "loss"))}
    sheet = opened(book)[tab]
    for row in sheet.iter_rows():
        heads = {cell.value: cell.column for cell in reversed(row)}
        if needed <= heads.keys():
            cells = sheet.iter_rows(row[0].row + 1, None, heads[quantity], heads[quantity])
            return [cell.value for (cell,) in cells if isinstance(cell.value, float | int)]
    raise AssertionError(f"{tab}: no table with {needed}")


def field(book: Path, tab: str, key: str) -> float:
    """Return the value beside a key."""
    sheet = opened(book)[tab]
    value: float = sheet[field_cell(sheet, key)].value
    return value


def looked_at(book: Path) -> list[object]:
    """Return the live values beside the answers on the first tab."""
    formulas = opened(book, values=False).worksheets[0]
    values = opened(book).worksheets[0]
    return [
        values[cell.coordinate].value
        for row in formulas.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("=")
    ]
