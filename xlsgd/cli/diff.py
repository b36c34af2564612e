"""The command ``xlsgd diff``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
from xlsgd.cli.options import Command, comparing, engine_option, later, limit_options
from xlsgd.cli.types import FILE

if TYPE_CHECKING:
    from xlsgd.base.progress import Progress
    from xlsgd.report import Difference

__all__ = ["diff"]


def _format() -> list[click.Option]:
    from xlsgd.report.formats import formats

    return [
        click.Option(
            ["--format"], default="table", show_default=True, help="How to print the cells.",
            type=click.Choice([*formats("cells")]),
        )
    ]  # fmt: skip


@click.command(
    cls=Command,
    short_help="List the cells that differ from torch, or between two files.",
    epilog="Example:  xlsgd diff mine.xlsx --format markdown",
)
@click.argument("file", type=FILE)
@click.argument("other", required=False, type=FILE)
@later(_format)
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

    def compare(progress: Progress) -> tuple[list[Difference], bool]:
        from xlsgd.verifying.verification import differing_cells

        return differing_cells(file, other, engine, rtol, atol, progress)

    with errors_as_text():
        found, ok = within(timeout, memory, file, compare, ProgressBar(quiet))
        from xlsgd.report.differences import difference_table
        from xlsgd.report.terminal import counted, difference_lines

        if found:
            table = difference_table(found, format)
            if format == "table" and not _fits(table):
                say(*(line for each in found for line in difference_lines(each)))
            else:
                click.echo(table, nl=False)
        if not quiet:
            click.echo(f"{counted(len(found), 'differing cell')}", err=True)
    sys.exit(AGREES if ok else DIFFERS)


def _fits(table: str) -> bool:
    """Return whether a table can be read where it is printed: a terminal breaks its lines."""
    width = terminal_width()
    return width is None or all(len(line) <= width for line in table.splitlines())
