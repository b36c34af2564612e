"""The command ``xlsgd verify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.cli.common import ProgressBar, errors_as_text, is_program, say, show_all, terminal_width
from xlsgd.cli.options import (
    Command,
    comparing,
    engines_option,
    format_options,
    given_reports,
    many_options,
)
from xlsgd.cli.types import FILE, OUTPUT

if TYPE_CHECKING:
    from xlsgd.many.files import CheckedFile

__all__ = ["verify"]


@click.command(cls=Command, epilog="Example:  xlsgd verify graddesc.xlsx --json report.json")
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="FILE|DIR...")
@format_options(
    "outcome", OUTPUT, "Write a report as {title}; - for standard output, in place of the text."
)
@click.option("--skip-foreign", is_flag=True, help="Pass over workbooks that are none of xlsgd's.")
@many_options
@format_options("lines", FILE, "Write {title}, as they are done.")
@click.option(
    "--resume", is_flag=True, help="Continue the file of --jsonl: do only what is not in it yet."
)
@click.option("--force", is_flag=True, help="Replace the file of --jsonl.")
@comparing
@engines_option
def verify(paths: tuple[Path, ...], quiet: bool, **options: Any) -> None:
    """Check workbooks against PyTorch, every cell.

    A folder stands for all spreadsheets in it, whatever program's.  One file alone is described in
    detail.  A folder, several files, or one of the options -j, --timeout, --memory, --dask and
    --jsonl gives a line a file; one that hangs or crashes does not stop the others.
    """
    progress = ProgressBar(quiet)

    def show(one: CheckedFile) -> None:
        if found.alone and one.found is None:
            what = "passed over" if one.status == "skipped" else "Error"
            click.echo(f"{what}: {one.message}", err=True)
        elif not (found.prints_report or (quiet and one.status in ("agrees", "skipped"))):
            say(*one.lines(terminal_width()))

    with errors_as_text():
        from xlsgd.many.files import check_files

        reports = given_reports(options, "outcome", "lines")
        found = check_files(
            paths, reports=reports, progress=progress, copied=is_program(), **options
        )
        show_all(found, show, progress)
        for note in found.notes():
            if not quiet:
                click.echo(note, err=True)
        for content in found.write():
            click.echo(content, nl=False)
        status = found.status
    sys.exit(status)
