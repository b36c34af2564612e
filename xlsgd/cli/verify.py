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
from xlsgd.cli.options import verifying
from xlsgd.errors import SpecError, XlsgdError

if TYPE_CHECKING:
    from xlsgd.report import Report

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
@verifying
def verify(
    paths: tuple[Path, ...],
    json_file: Path | None,
    junit_file: Path | None,
    engine: str,
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
        from xlsgd.engines import get_engine
        from xlsgd.tolerances import tolerances

        # What is wrong with the options is wrong for every file: say it once.
        get_engine(engine)
        tolerances(rtol, atol)
        from xlsgd.verification import verify as check

        reports: list[Report] = []
        failures: list[tuple[str, str]] = []
        from xlsgd.report.terminal import report_lines

        for file in files:
            progress = ProgressBar(quiet)
            try:
                report = check(file, engine, rtol, atol, progress)
            except XlsgdError as error:
                progress.clear()
                failures.append((str(file), str(error)))
                click.echo(f"Error: {error}", err=True)
                continue
            progress.clear()
            reports.append(report)
            if not (quiet and report.ok):
                click.echo("\n".join(report_lines(report)))
        _write_reports(json_file, junit_file, reports, failures)
    if failures:
        sys.exit(FAILED)
    sys.exit(AGREES if all(report.ok for report in reports) else DIFFERS)


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
) -> None:
    from xlsgd.files import write_whole
    from xlsgd.report.json_report import to_json
    from xlsgd.report.junit import to_junit

    for file, render in ((json_file, to_json), (junit_file, to_junit)):
        if file is not None:
            # A report is a result of this very run: the one of the last run is to be replaced.
            # A file's name may hold bytes that are no letters; they are written as \\udcxx.
            text = render(reports, failures)
            write_whole(file, text.encode("utf-8", "backslashreplace"), force=True)
