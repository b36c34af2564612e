"""Check a workbook against PyTorch: read it, recalculate it, train in torch, compare.

Three questions, asked of every training tab (see CHECKS in xlsgd.report.report):
step: torch takes every row's own start from the sheet and does one step.
run: torch trains alone from the start values, as far as float64 can predict it.
stored: the values saved in the file are those that recalculation gives.
And of every column: do all its formulas say the same?
"""

from __future__ import annotations

from pathlib import Path

from xlsgd.checks import Checker
from xlsgd.opening import Progress, open_workbook
from xlsgd.report import Report
from xlsgd.tolerances import tolerances
from xlsgd.torch_side.plain import load_torch

__all__ = ["verify"]


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
    opened = open_workbook(path, engine, progress)
    found = opened.found
    torch = load_torch()
    checker = Checker(opened.file, opened.calculation.values, found, allowed)
    checker.check_data()
    checker.train()
    for i, experiment in enumerate(found.experiments):
        if progress is not None:
            progress("training in torch", i, len(found.experiments))
        checker.check_training(experiment)
    checker.check_compare()
    if progress is not None:
        progress("training in torch", len(found.experiments), len(found.experiments))
    sheets = checker.finish()
    return Report(
        file=str(path).encode("utf-8", "backslashreplace").decode(),
        engine=engine,
        engine_version=opened.engine_version,
        torch_version=f"torch {torch.__version__}",
        sheets=sheets,
        notes=[*opened.calculation.notes, *checker.notes],
    )
