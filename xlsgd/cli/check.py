"""The command ``xlsgd check``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.cli.common import ProgressBar, errors_as_text, is_program, say, show_all, terminal_width
from xlsgd.cli.options import Command, format_options, given_reports, many_options
from xlsgd.cli.types import FILE, OUTPUT

if TYPE_CHECKING:
    from xlsgd.many.others import CheckedOther

__all__ = ["check"]


@click.command(
    cls=Command,
    short_help="Check anybody's gradient descent, name the first wrong cell.",
    epilog="Example:  xlsgd check homework.xlsx --json report.json",
)
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="FILE|DIR...")
@click.option(
    "--sheet", "sheets", multiple=True, metavar="NAME",
    help="Tell of this tab only; may be repeated.",
)  # fmt: skip
@format_options(
    "findings", OUTPUT, "Write a report as {title}; - for standard output, in place of the text."
)
@many_options
@click.option("-q", "--quiet", is_flag=True, help="No progress, no lines if nothing is wrong.")
def check(paths: tuple[Path, ...], quiet: bool, **options: Any) -> None:
    """Check gradient descent in anybody's workbooks, and name the first wrong cell.

    The workbook's own formulas are differentiated: its derivatives, steps and averages are
    compared with those of the loss that it has itself.  It need not be one of xlsgd's.  A folder
    stands for all spreadsheets in it.  Exit status: 0 nothing is wrong, 1 something is, 2 a file
    could not be checked.
    """
    progress = ProgressBar(quiet)
    told = 0

    def show(one: CheckedOther) -> None:
        nonlocal told
        if one.found is None:
            click.echo(f"Error: {one.message}", err=True)
        elif not (found.prints_report or (quiet and one.status != "wrong")):
            say(*([""] if told else []), *one.lines(terminal_width()))
            told += 1

    with errors_as_text():
        from xlsgd.many.others import check_others

        reports = given_reports(options, "findings")
        found = check_others(
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
