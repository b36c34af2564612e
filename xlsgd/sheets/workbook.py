"""A lesson as an openpyxl workbook: formulas, styles and charts, no values yet."""

from __future__ import annotations

from openpyxl import Workbook
from openpyxl.workbook.properties import CalcProperties

from xlsgd.cells import Book, Formula, Grid
from xlsgd.errors import SpecError
from xlsgd.lessons.lesson import Lesson
from xlsgd.sheets.compare_tab import draw_compare_tab, map_compare_tab
from xlsgd.sheets.data_tab import draw_data_tab, map_data_tab
from xlsgd.sheets.lesson_tab import draw_lesson_tab
from xlsgd.sheets.maps import BookMap
from xlsgd.sheets.style import add_styles
from xlsgd.sheets.training_tab import FIRST_ROW, draw_training_tab, map_training_tab
from xlsgd.training import steps_columns

__all__ = ["MAX_FORMULAS", "MAX_ROWS", "book_of", "build_workbook", "check_size"]

MAX_ROWS = 1_048_576
"""Rows of a sheet in Excel 2007 and later."""
MAX_FORMULAS = 3_000_000
"""More than this, and no spreadsheet program opens the file pleasantly any more."""
MAX_FORMULA_LENGTH = 8192
"""Characters that Excel takes in one formula."""


def check_size(lesson: Lesson) -> None:
    """Raise SpecError if a lesson does not fit into a workbook."""
    total = 0
    for e in lesson.experiments:
        rows = e.epochs * lesson.data.rows
        if rows + FIRST_ROW - 1 > MAX_ROWS:
            raise SpecError(
                f"'{e.id}': {e.epochs:,} epochs of {lesson.data.rows:,} rows are {rows:,} rows; "
                f"a sheet holds {MAX_ROWS - FIRST_ROW + 1:,}; use fewer epochs or points"
            )
        columns = steps_columns(e)
        total += rows * len(columns)
        longest = max(columns, key=lambda column: len(column.formula))
        if len(longest.formula) > MAX_FORMULA_LENGTH:
            raise SpecError(
                f"'{e.id}', column {longest.quantity}: the formula has "
                f"{len(longest.formula):,} characters, Excel takes {MAX_FORMULA_LENGTH:,}; "
                "use a smaller network"
            )
    if total > MAX_FORMULAS:
        raise SpecError(
            f"the workbook would hold {total:,} formulas; more than {MAX_FORMULAS:,} make no "
            "pleasant workbook; use fewer epochs, points or optimizers"
        )


def build_workbook(lesson: Lesson) -> Workbook:
    """Return the workbook of a lesson.  Raises SpecError if it does not fit."""
    check_size(lesson)
    workbook = Workbook()
    workbook.remove(workbook.active)
    add_styles(workbook)
    book = BookMap(map_data_tab(lesson.data, "data"))
    for e in lesson.experiments:
        book.training[e.id] = map_training_tab(e, e.id, lesson.data.rows)
    book.compare = map_compare_tab(lesson.experiments, "compare")

    draw_lesson_tab(workbook.create_sheet("lesson"), lesson, book)
    draw_data_tab(workbook.create_sheet("data"), lesson.data, book.data)
    for e in lesson.experiments:
        draw_training_tab(workbook.create_sheet(e.id), e, book)
    compare = workbook.create_sheet("compare")
    draw_compare_tab(compare, lesson.experiments, lesson.target_loss, book)
    workbook.active = 0
    workbook.calculation = CalcProperties(fullCalcOnLoad=True)
    workbook.security = None  # an empty protection element makes Gnumeric complain
    workbook.properties.title = lesson.title
    workbook.properties.creator = "xlsgd"
    return workbook


def book_of(workbook: Workbook) -> Book:
    """Return the cells of a workbook that build_workbook made."""
    book = Book()
    for sheet in workbook.worksheets:
        grid: Grid = {}
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is None:
                    continue
                if cell.data_type == "f":
                    grid[cell.row, cell.column] = Formula(cell.value)
                else:
                    is_text = isinstance(cell.value, str)
                    grid[cell.row, cell.column] = cell.value if is_text else float(cell.value)
        book.sheets[sheet.title] = grid
    return book
