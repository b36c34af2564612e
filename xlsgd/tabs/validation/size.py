"""How much a validation tab adds to a workbook, and whether a sheet can hold it."""

from __future__ import annotations

from xlsgd.base.cells import LAST_COLUMN, LAST_ROW
from xlsgd.data import Dataset
from xlsgd.sheets.writing import FIRST_ROW
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.size import MAX_CELLS
from xlsgd.tabs.validation import columns as validation
from xlsgd.training.experiment import Experiment

__all__ = ["fault_of_validation", "size_of_validation"]

_BESIDE = 16
"""Columns at most that such a tab needs besides its tables."""


def size_of_validation(lesson: Lesson) -> tuple[int, int]:
    """Return the formulas and the columns of all tabs for rows that validate."""
    held = lesson.data.validation
    if held is None:
        return 0, 0
    formulas = columns = 0
    for e in lesson.experiments:
        by_epoch, passed = _widths(e, lesson.data)
        formulas += (e.epochs + 1) * (by_epoch + passed * (lesson.data.rows + held.rows))
        columns += by_epoch + passed
    return formulas + held.rows * len(held.schema.features), columns


def fault_of_validation(lesson: Lesson) -> str:
    """Return why such a tab does not fit into a sheet, "" where all do."""
    data, held = lesson.data, lesson.data.validation
    for e in lesson.experiments if held is not None else ():
        assert held is not None
        rows = (e.epochs + 1) * (data.rows + held.rows)
        which = f"'{e.id}': {e.epochs:,} epochs and the start"
        if rows + FIRST_ROW - 1 > LAST_ROW:
            return (
                f"{which}, of {data.rows + held.rows:,} rows with those that validate, are "
                f"{rows:,} rows; a sheet holds {LAST_ROW - FIRST_ROW + 1:,}; use fewer epochs or "
                "points"
            )
        width = sum(_widths(e, data)) + len(held.cells) + len(held.schema.features) + _BESIDE
        if width > LAST_COLUMN:
            return (
                f"'{e.id}': the tab of the rows that validate needs {width:,} columns; a sheet "
                f"holds {LAST_COLUMN:,} of them; use a smaller network"
            )
        cells = (rows + FIRST_ROW) * width
        if cells > MAX_CELLS:
            return (
                f"{which}: {rows:,} rows and {width:,} columns for validation are {cells:,} cells, "
                f"Google Sheets takes {MAX_CELLS:,}; use fewer epochs or points"
            )
    return ""


def _widths(experiment: Experiment, data: Dataset) -> tuple[int, int]:
    """Return how many columns have a row an epoch, and how many a row for every row of data."""
    counted = validation.counts_right(experiment, data)
    by_epoch = validation.epoch_columns(experiment, counted)
    by_row = validation.passed_columns(experiment, counted)
    return len(by_epoch) + len(experiment.network.parameters), len(by_row)
