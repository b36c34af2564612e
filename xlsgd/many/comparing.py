"""Ask several engines about many workbooks, each workbook in a helper process."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from xlsgd.many.calls import Answer, Limits, Work
from xlsgd.many.checking import prepare
from xlsgd.many.running import answers
from xlsgd.report.engines import EngineComparison

__all__ = ["compare", "compare_many", "prepare"]


# In a helper process


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


# Where it is asked for


def compare_many(
    files: Sequence[Path],
    engines: Sequence[str],
    *,
    rtol: float | None = None,
    atol: float | None = None,
    jobs: int = 1,
    dask: str | None = None,
    limits: Limits | None = None,
) -> Generator[tuple[int, Answer]]:
    """Yield the answer about every workbook as it comes, with its place among files.

    The value of an answer is an ``EngineComparison``, or None for a foreign workbook.
    engines, rtol, atol: as in ``xlsgd.compare_engines``.
    jobs, dask, limits: as in ``check_many``.
    """
    calls = (
        {"path": str(file), "engines": [*engines], "rtol": rtol, "atol": atol} for file in files
    )
    yield from answers(
        Work(f"{__name__}:{compare.__name__}", limits or Limits()), calls, jobs, dask
    )
