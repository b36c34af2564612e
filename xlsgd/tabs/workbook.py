"""A lesson as an openpyxl workbook: formulas, styles and charts, no values yet."""

from __future__ import annotations

from openpyxl import Workbook
from openpyxl.workbook.properties import CalcProperties

from xlsgd.base.cells import LAST_COLUMN, LAST_ROW, Book, Formula, Grid
from xlsgd.base.errors import SpecError
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.sheets.style import add_styles
from xlsgd.tabs.kind import kinds, planned_tabs
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.training.sheet import BESIDE, FIRST_ROW

__all__ = ["MAX_FORMULAS", "book_of", "build_workbook", "check_size", "drawn"]

MAX_FORMULAS = 4_000_000
"""More than this, and no spreadsheet program opens the file pleasantly any more."""
MAX_FORMULA_LENGTH = 8192
"""Characters that Excel takes in one formula."""


def check_size(lesson: Lesson) -> None:
    """Raise SpecError if a lesson does not fit into a workbook."""
    total = 0
    for view in lesson.views:
        e, layout = view.experiment, get_layout(view.layout)
        layout.need_fit(e, not lesson.data.is_nothing)
        e.need_targets(lesson.data.targets)
        # Before the tables are made: an absurd number of epochs would take for ever.
        lengths = layout.lengths(e, lesson.data.rows) if e.epochs <= LAST_ROW else {}
        rows = max(lengths.values(), default=e.epochs * lesson.data.rows)
        if rows + FIRST_ROW - 1 > LAST_ROW:
            raise SpecError(
                f"'{e.id}': {e.epochs:,} epochs of {lesson.data.rows:,} rows are {rows:,} rows; "
                f"a sheet holds {LAST_ROW - FIRST_ROW + 1:,}; use fewer epochs or points"
            )
        tables = layout.tables(view)
        total += sum(lengths[name] * len(columns) for name, columns in tables.items())
        width = sum(len(columns) + 1 for columns in tables.values())
        if width > LAST_COLUMN - BESIDE:
            raise SpecError(
                f"'{e.id}': {e.epochs:,} epochs need {width:,} columns; a sheet holds "
                f"{LAST_COLUMN - BESIDE:,} of them; use fewer epochs"
            )
        longest = max(
            (column for columns in tables.values() for column in columns),
            key=lambda column: len(column.formula),
        )
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
