"""Read a workbook's cells: formulas and constants, and the values stored beside formulas."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlsgd.cells import Book, CellError, Content, Formula, Grid, Position, Scalar
from xlsgd.errors import WorkbookError
from xlsgd.sheets.guard import check_package

__all__ = ["WorkbookFile", "book_of", "read_workbook"]


@dataclass
class WorkbookFile:
    """A workbook as it lies in a file.

    book: formulas and constants.
    stored: per sheet, the value that the program which saved the file put beside each formula.
    """

    path: Path
    book: Book
    stored: dict[str, dict[Position, Scalar]]


def read_workbook(path: Path) -> WorkbookFile:
    """Return the cells of a workbook.

    Raises WorkbookError for anything that is no sound .xlsx workbook.
    """
    check_package(path)
    book = book_of(_load(path, data_only=False))
    values = book_of(_load(path, data_only=True))
    stored: dict[str, dict[Position, Scalar]] = {}
    for sheet, grid in book.sheets.items():
        saved = values.sheets[sheet]
        stored[sheet] = {
            position: saved.get(position)
            for position, content in grid.items()
            if isinstance(content, Formula)
        }
    return WorkbookFile(path, book, stored)


def book_of(workbook: Any) -> Book:
    """Return the cells of an openpyxl workbook."""
    book = Book()
    for sheet in workbook.worksheets:
        # The cells that exist, never the rectangle around them: one cell in the far corner of a
        # sheet would make that seventeen thousand million.
        contents = ((position, _content(cell)) for position, cell in sheet._cells.items())
        grid: Grid = {position: content for position, content in contents if content is not None}
        book.sheets[sheet.title] = grid
        for name, defined in sheet.defined_names.items():
            book.names[sheet.title, name.lower()] = str(defined.attr_text)
    for name, defined in workbook.defined_names.items():
        book.names[None, name.lower()] = str(defined.attr_text)
    return book


def _load(path: Path, data_only: bool) -> Any:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            # openpyxl tells of extensions that it drops; nothing of them is read here.
            warnings.simplefilter("ignore")
            return load_workbook(path, data_only=data_only, keep_links=False)
    except Exception as error:
        # openpyxl lets whatever goes wrong in a damaged part through as it is.
        raise WorkbookError(
            f"{path}: cannot be read as a workbook ({type(error).__name__}: {error}); "
            "open it in a spreadsheet program and save it again as .xlsx"
        ) from error


def _content(cell: Any) -> Content:
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "f":
        text = getattr(value, "text", None)  # array formulas come as objects
        return Formula(value) if isinstance(value, str) else Formula("{" + str(text) + "}")
    if cell.data_type == "e":
        return CellError(str(value))
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
        from openpyxl.utils.datetime import to_excel

        return float(to_excel(value))
    return str(value)
