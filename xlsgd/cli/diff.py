"""The command ``xlsgd diff``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xlsgd.cli.common import (
    AGREES,
    DIFFERS,
    ProgressBar,
    errors_as_text,
    say,
    terminal_width,
    within,
)
from xlsgd.cli.options import comparing, engine_option, given_limits, limit_options
from xlsgd.cli.types import FILE

__all__ = ["diff"]


@click.command(
    short_help="List the cells that differ from torch, or between two files.",
    epilog="Example:  xlsgd diff mine.xlsx --format markdown",
)
@click.argument("file", type=FILE)
@click.argument("other", required=False, type=FILE)
@click.option(
    "--format",
    "format",
    default="table",
    show_default=True,
    type=click.Choice(["table", "csv", "markdown"]),
    help="How to print the cells.",
)
@limit_options
@comparing
@engine_option
def diff(
    file: Path,
    other: Path | None,
    format: str,
    timeout: float | None,
    memory: int | None,
    engine: str,
    rtol: float | None,
    atol: float | None,
    quiet: bool,
) -> None:
    """List every cell of FILE that differs from torch, or from the workbook OTHER."""

    def compare() -> int:
        from xlsgd.report.differences import difference_table
        from xlsgd.report.terminal import counted, difference_lines

        progress = ProgressBar(quiet)
        try:
            if other is None:
                from xlsgd.verifying.verification import verify as check

                report = check(file, engine, rtol, atol, progress)
                found, ok = list(report.differences()), report.ok
            else:
                from xlsgd.verifying.diff import diff_workbooks

                found = diff_workbooks(file, other, engine, rtol, atol)
                ok = not found
        finally:
            progress.clear()
        if found:
            table = difference_table(found, format)
            if format == "table" and not _fits(table):
                say(*(line for each in found for line in difference_lines(each)))
            else:
                click.echo(table, nl=False)
        if not quiet:
            click.echo(f"{counted(len(found), 'differing cell')}", err=True)
        return AGREES if ok else DIFFERS

    with errors_as_text():
        status = within(given_limits(timeout, memory), file, compare)
    sys.exit(status)


def _fits(table: str) -> bool:
    """Return whether a table can be read where it is printed: a terminal breaks its lines."""
    width = terminal_width()
    return width is None or all(len(line) <= width for line in table.splitlines())
