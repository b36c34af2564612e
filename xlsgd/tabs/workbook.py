"""A lesson as an openpyxl workbook: formulas, styles and charts, no values yet."""

from __future__ import annotations

from openpyxl import Workbook
from openpyxl.workbook.properties import CalcProperties

from xlsgd.base.cells import Book, Formula, Grid
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.sheets.style import add_styles
from xlsgd.tabs.kind import kinds, planned_tabs
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.size import check_size

__all__ = ["book_of", "build_workbook", "drawn"]


def build_workbook(lesson: Lesson) -> Workbook:
    """Return the workbook of a lesson.  Raises SpecError if it does not fit."""
    return drawn(lesson)[0]


def drawn(lesson: Lesson) -> tuple[Workbook, BookMap]:
    """Return the workbook of a lesson, and where everything stands in it.

    Raises SpecError if it does not fit.
    """
    check_size(lesson)
    workbook = Workbook()
    workbook.remove(workbook.active)
    add_styles(workbook)
    tabs = planned_tabs(lesson)
    book = BookMap(TabMap(""), scopes=kinds().values())
    for kind in kinds().values():
        for tab in (tab for own, tab in tabs if own is kind):
            kind.map(tab, lesson, book)
    for kind, tab in tabs:
        kind.draw(workbook.create_sheet(tab.sheet), tab, lesson, book)
    workbook.active = 0
    workbook.calculation = CalcProperties(fullCalcOnLoad=True)
    workbook.security = None  # an empty protection element makes Gnumeric complain
    workbook.properties.title = lesson.title
    workbook.properties.creator = "xlsgd"
    return workbook, book


def book_of(workbook: Workbook) -> Book:
    """Return the cells of a workbook that build_workbook made."""
    book = Book()
    for sheet in workbook.worksheets:
        grid: Grid = {}
        # iter_rows() would make every empty cell between the tables.
        for place, cell in sorted(sheet._cells.items()):
            if cell.value is None:
                continue
            if cell.data_type == "f":
                grid[place] = Formula(cell.value)
            else:
                grid[place] = cell.value if isinstance(cell.value, str) else float(cell.value)
        book.sheets[sheet.title] = grid
    return book
