"""How large a workbook will be, and whether spreadsheet programs can hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from xlsgd.base.cells import LAST_COLUMN, LAST_ROW
from xlsgd.base.errors import SpecError
from xlsgd.tabs.kind import kinds
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.training.sheet import BESIDE, FIRST_ROW
from xlsgd.tabs.view import View

__all__ = ["MAX_FORMULAS", "Size", "check_size", "size_of"]

MAX_FORMULAS = 4_000_000
"""More than this, and no spreadsheet program opens the file pleasantly any more."""
MAX_FORMULA_LENGTH = 8192
"""Characters that Excel takes in one formula."""
MAX_CELLS = 10_000_000
"""Cells that Google Sheets takes in one file, empty ones within the used rows and columns too."""

_BYTES, _SECONDS = 17.0, 5e-5
"""What a formula takes in the file and of the time to write it, of many columns alike: measured on
the lessons and on nets of 20 to 1,200 weights."""
_COLUMN_SECONDS = 3e-3
"""What a column takes, however short it is."""


@dataclass(frozen=True)
class Size:
    """What a workbook will come to, about.

    formulas, columns: of its training tabs, and of others that grow with the epochs.
    megabytes: of the file.   seconds: to write it.
    """

    formulas: int
    columns: int

    @property
    def megabytes(self) -> float:
        return self.formulas * _BYTES / 1e6

    @property
    def seconds(self) -> float:
        return self.formulas * _SECONDS + self.columns * _COLUMN_SECONDS

    def __str__(self) -> str:
        return (
            f"about {self.formulas:,} formulas, {self.megabytes:.2g} MB, "
            f"{max(self.seconds, 1):.0f} s to write"
        )


def size_of(lesson: Lesson) -> Size:
    """Return how large the workbook of a lesson will be.  Raises SpecError as ``check_size``."""
    formulas = columns = 0
    for view in lesson.views:
        _need_fit(view, lesson)
        lengths = get_layout(view.layout).lengths(view.experiment, lesson.data.rows)
        for name, those in get_layout(view.layout).tables(view).items():
            formulas += lengths[name] * len(those)
            columns += len(those)
    for kind in kinds().values():
        fault = kind.fault(lesson)
        if fault:
            most = _most(
                max(e.epochs for e in lesson.experiments),
                lambda n, kind=kind: not kind.fault(_of_epochs(lesson, n)),  # type: ignore[misc]
            )
            raise SpecError(fault + _words(most))
        more = kind.size(lesson)
        formulas, columns = formulas + more[0], columns + more[1]
    return Size(formulas, columns)


def check_size(lesson: Lesson) -> Size:
    """Raise SpecError if a lesson does not fit into a workbook, else return how large it will be.

    Where fewer epochs would fit, the message says how many.
    """
    for view in lesson.views:
        get_layout(view.layout).need_fit(view.experiment, not lesson.data.is_nothing)
        view.experiment.need_targets(lesson.data.targets)
    size = size_of(lesson)
    if size.formulas > MAX_FORMULAS:
        fitting = _most(
            lesson.views[0].experiment.epochs, lambda n: _formulas(lesson, n) <= MAX_FORMULAS
        )
        raise SpecError(
            f"the workbook would hold {size.formulas:,} formulas; more than {MAX_FORMULAS:,} make "
            f"no pleasant workbook; use fewer epochs, points or optimizers{_words(fitting)}"
        )
    return size


def _formulas(lesson: Lesson, epochs: int) -> int:
    return size_of(_of_epochs(lesson, epochs)).formulas


def _of_epochs(lesson: Lesson, epochs: int) -> Lesson:
    return replace(lesson, views=tuple(view.but(epochs=epochs) for view in lesson.views))


def _need_fit(view: View, lesson: Lesson) -> None:
    fault = _fault(view, lesson.data.rows)
    if fault:
        most = _most(
            view.experiment.epochs, lambda n: not _fault(view.but(epochs=n), lesson.data.rows)
        )
        if most:
            raise SpecError(fault + _words(most))
        raise SpecError(fault.rpartition("; use ")[0] + _rows_that_fit(view, lesson.data.rows))


def _rows_that_fit(view: View, rows: int) -> str:
    """Return how many rows would fit where not even one epoch of all of them does, in words."""
    size = view.experiment.batch_size
    most = _most(rows, lambda n: not _fault(view.but(epochs=1, batch_size=min(size, n)), n))
    if most:
        return f"; not even one epoch fits, but of {most:,} rows one would"
    return "; not even one epoch of one row fits: use a smaller network"


def _fault(view: View, data_rows: int) -> str:
    """Return why the tab of an experiment does not fit into a sheet, "" where it does."""
    e, layout = view.experiment, get_layout(view.layout)
    # Before the tables are made: an absurd number of epochs would take for ever.
    lengths = layout.lengths(e, data_rows) if e.epochs <= LAST_ROW else {}
    rows = max(lengths.values(), default=e.epochs * data_rows)
    if rows + FIRST_ROW - 1 > LAST_ROW:
        return (
            f"'{e.id}': {e.epochs:,} epochs of {data_rows:,} rows are {rows:,} rows; "
            f"a sheet holds {LAST_ROW - FIRST_ROW + 1:,}; use fewer epochs or points"
        )
    tables = layout.tables(view)
    width = sum(len(columns) + 1 for columns in tables.values())
    if width > LAST_COLUMN - BESIDE:
        return (
            f"'{e.id}': {e.epochs:,} epochs need {width:,} columns; a sheet holds "
            f"{LAST_COLUMN - BESIDE:,} of them; use fewer epochs"
        )
    longest = max(
        (column for columns in tables.values() for column in columns),
        key=lambda column: len(column.formula),
    )
    if len(longest.formula) > MAX_FORMULA_LENGTH:
        return (
            f"'{e.id}', column {longest.quantity}: the formula has {len(longest.formula):,} "
            f"characters, Excel takes {MAX_FORMULA_LENGTH:,}; use a smaller network"
        )
    cells = (rows + FIRST_ROW) * (width + BESIDE)
    if cells > MAX_CELLS:
        return (
            f"'{e.id}': {rows:,} rows and {width:,} columns are {cells:,} cells, Google Sheets "
            f"takes {MAX_CELLS:,}; use fewer epochs or points"
        )
    return ""


def _most(epochs: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number of epochs below one that does not fit, that does; 0 for none."""
    # Doubling first: to look at what is far too much takes long.
    low, high = 0, 1
    while high < epochs and fits(high):
        low, high = high, 2 * high
    high = min(high, epochs)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def _words(epochs: int) -> str:
    return f": {epochs:,} would fit" if epochs else ""
