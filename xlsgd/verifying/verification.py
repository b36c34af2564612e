"""Check a workbook against PyTorch: read it, recalculate it, train in torch, compare.

Three questions, asked of every training tab (see CHECKS in xlsgd.report.report):
step: torch takes every row's own start from the sheet and does one step.
run: torch trains alone from the start values, as far as float64 can predict it.
stored: the values saved in the file are those that recalculation gives.
And of every column: do all its formulas say the same?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xlsgd.base.progress import Progress
from xlsgd.engines.formulas import ENGINE as FORMULAS
from xlsgd.report import Difference, Report
from xlsgd.report.compare import Tolerance
from xlsgd.report.report import SheetReport, name_text
from xlsgd.report.tolerances import tolerances
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.kind import kinds
from xlsgd.tabs.layouts.torch_whole_runs import WholeRuns
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.torch_side.plain import first_import, load_torch
from xlsgd.verifying.accounts import finish
from xlsgd.verifying.circular import circular_sheets
from xlsgd.verifying.diff import diff_workbooks
from xlsgd.verifying.opening import (
    Calculated,
    CircularError,
    Opened,
    open_workbook,
    refuse_circles,
    without_circles,
)

__all__ = ["circular_report", "differing_cells", "examination", "examine", "verify"]


def verify(
    path: str | Path,
    engine: str = "formulas",
    rtol: float | None = None,
    atol: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Return what a comparison of a workbook with torch finds.

    engine: what recalculates the workbook.   rtol, atol: replace the tolerances, both or none.
    Raises WorkbookError if the file cannot be read or is none of xlsgd's, SpecError for options
    that make no sense, EngineError if the engine cannot be used.
    """
    allowed = tolerances(rtol, atol)
    try:
        opened = open_workbook(path, engine, progress, first_import())
        return examine(opened, str(path), allowed, progress)
    except CircularError as error:
        return circular_report(error, str(path))


def differing_cells(
    path: Path,
    other: Path | None = None,
    engine: str = "formulas",
    rtol: float | None = None,
    atol: float | None = None,
    progress: Progress | None = None,
) -> tuple[list[Difference], bool]:
    """Return the cells of a workbook that differ from torch, and whether all is well.

    other: a workbook to compare it with instead.   The others are as in ``verify``.
    """
    if other is not None:
        found = diff_workbooks(path, other, engine, rtol, atol)
        return found, not found
    report = verify(path, engine, rtol, atol, progress)
    return list(report.differences()), report.ok


def examine(
    opened: Opened,
    name: str,
    allowed: Mapping[str, Tolerance],
    progress: Progress | None = None,
    runs: WholeRuns | None = None,
) -> Report:
    """Return what a comparison of a recalculated workbook with torch finds.

    name: of the file, as the user named it.
    runs: what torch has trained already, for a workbook that is looked at several times.
    Raises WorkbookError for an input that cannot be used, CircularError where that is due to a
    circular reference; see circular_report.
    """
    work = examination(opened, allowed, progress)
    if runs is not None:
        work.of(Trained).runs = runs
    with without_circles(opened):
        for kind in kinds().values():
            kind.prepare(work)
        if opened.engine != FORMULAS.name:
            refuse_circles(opened, work.of(Trained).foreign)
    for kind in kinds().values():
        kind.check(work)
    sheets = finish(work)
    return _report(name, opened, sheets, work.notes)


def examination(
    opened: Opened,
    allowed: Mapping[str, Tolerance],
    progress: Progress | None = None,
) -> Examination:
    """Return the examination of a recalculated workbook, before anything is checked."""
    unchecked = {name: kind.unchecked for name, kind in kinds().items()}
    file, calculation = opened.file, opened.calculation
    return Examination(file, calculation, opened.found, allowed, unchecked, progress)


def circular_report(error: CircularError, name: str) -> Report:
    """Return a report on a workbook in which nothing could be compared with torch, since an input
    waits for a circular reference.

    name: of the file, as the user named it.
    """
    known = error.calculated
    sheets, notes = circular_sheets(known.file.book, known.calculation.values, error.circles)
    return _report(name, known, sheets, notes)


def _report(
    name: str, known: Calculated, sheets: list[SheetReport], notes: Sequence[str]
) -> Report:
    return Report(
        file=name_text(name),
        engine=known.engine,
        engine_version=known.engine_version,
        torch_version=f"torch {load_torch().__version__}",
        sheets=sheets,
        notes=[*known.calculation.notes, *notes],
    )
