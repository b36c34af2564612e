"""The command ``xlsgd verify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlsgd.cli.common import (
    AGREES,
    DIFFERS,
    FAILED,
    ProgressBar,
    errors_as_text,
    refuse_to_overwrite,
)
from xlsgd.cli.options import comparing, engines_option
from xlsgd.errors import SpecError, XlsgdError

if TYPE_CHECKING:
    from xlsgd.report import Report
    from xlsgd.report.engines import EngineComparison

__all__ = ["verify"]


@click.command(epilog="Example:  xlsgd verify graddesc.xlsx --json report.json")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR..."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write a report as JSON."
)
@click.option(
    "--junit", "junit_file", type=click.Path(path_type=Path), help="Write a report as JUnit XML."
)
@comparing
@engines_option
def verify(
    paths: tuple[Path, ...],
    json_file: Path | None,
    junit_file: Path | None,
    engines: tuple[str, ...],
    rtol: float | None,
    atol: float | None,
    quiet: bool,
) -> None:
    """Check workbooks against PyTorch, every cell.  A folder stands for all .xlsx files in it."""
    with errors_as_text():
        files = _workbooks(paths)
        for target in (json_file, junit_file):
            if target is not None:
                refuse_to_overwrite(files, target)
        from xlsgd.engines import ALL, chosen_engines
        from xlsgd.tolerances import tolerances

        # What is wrong with the options is wrong for every file: say it once.
        names = chosen_engines(engines)
        tolerances(rtol, atol)
        from xlsgd.verification import verify as check

        reports: list[Report] = []
        failures: list[tuple[str, str]] = []
        comparisons: list[EngineComparison] = []
        several = len(names) > 1 or ALL in engines
        from xlsgd.engine_comparison import compare_engines
        from xlsgd.report.engines import comparison_lines
        from xlsgd.report.terminal import report_lines

        for file in files:
            progress = ProgressBar(quiet)
            try:
                if several:
                    found = compare_engines(file, engines, rtol, atol, progress)
                else:
                    report = check(file, names[0], rtol, atol, progress)
            except XlsgdError as error:
                progress.clear()
                failures.append((str(file), str(error)))
                click.echo(f"Error: {error}", err=True)
                continue
            progress.clear()
            if several:
                comparisons.append(found)
                reports += found.reports
                if not (quiet and found.ok):
                    click.echo("\n".join(comparison_lines(found)))
                continue
            reports.append(report)
            if not (quiet and report.ok):
                click.echo("\n".join(report_lines(report)))
        _write_reports(json_file, junit_file, reports, failures, comparisons)
    if failures or any(found.failed for found in comparisons):
        sys.exit(FAILED)
    agree = all(report.ok for report in reports) and all(found.ok for found in comparisons)
    sys.exit(AGREES if agree else DIFFERS)


def _workbooks(paths: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        # "~$" marks the lock files that Excel leaves beside an open workbook.
        inside = sorted(p for p in path.rglob("*.xlsx") if not p.name.startswith("~$"))
        if not inside:
            raise SpecError(f"{path}: no .xlsx file in this folder")
        files += inside
    return files


def _write_reports(
    json_file: Path | None,
    junit_file: Path | None,
    reports: list[Report],
    failures: list[tuple[str, str]],
    comparisons: list[EngineComparison],
) -> None:
    from xlsgd.files import write_whole
    from xlsgd.report.json_report import to_json
    from xlsgd.report.junit import to_junit

    for file, render in ((json_file, to_json), (junit_file, to_junit)):
        if file is not None:
            # A report is a result of this very run: the one of the last run is to be replaced.
            # A file's name may hold bytes that are no letters; they are written as \\udcxx.
            text = render(reports, failures, comparisons)
            write_whole(file, text.encode("utf-8", "backslashreplace"), force=True)
