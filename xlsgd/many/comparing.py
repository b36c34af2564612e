"""Ask several engines about a workbook, in a helper process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd.many.checking import prepare
from xlsgd.report.engines import EngineComparison

__all__ = ["compare", "prepare"]


def compare(
    path: str, engines: Sequence[str], rtol: float | None, atol: float | None
) -> EngineComparison | None:
    """Return what engines make of a workbook, without the numbers of every cell.

    None for a workbook that is none of xlsgd's.
    """
    from xlsgd.base.errors import ForeignWorkbookError
    from xlsgd.report.json_report import report_data, report_from
    from xlsgd.verifying.engines import compare_engines

    try:
        found = compare_engines(path, engines, rtol, atol)
    except ForeignWorkbookError:
        return None
    runs = [
        run if run.report is None else replace(run, report=report_from(report_data(run.report)))
        for run in found.runs
    ]
    return replace(found, runs=runs)
