"""The command line, a file a command: parse, call one library function, print."""

from __future__ import annotations

import atexit
import os
import sys

import click

from xlsgd.cli.check import check
from xlsgd.cli.common import FAILED, PROGRAM, errors_as_text, stop_when_told
from xlsgd.cli.diff import diff
from xlsgd.cli.engines import engines
from xlsgd.cli.explain import explain
from xlsgd.cli.generate import generate
from xlsgd.cli.list import list_command
from xlsgd.cli.streams import fill_in_closed, let_through
from xlsgd.cli.sweep import sweep
from xlsgd.cli.verify import verify
from xlsgd.processes.limits import refuse_too_little

__all__ = ["main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="xlsgd", prog_name="xlsgd")
def main() -> None:
    """Excel workbooks that train tiny neural nets with live formulas, checked against PyTorch.

    Exit status: 0 sheet and torch agree, 1 cells differ, 2 it could not be done.
    """
    refuse_too_little()


for _command in (generate, verify, check, diff, sweep, explain, list_command, engines):
    main.add_command(_command)


def run() -> None:
    """Run the command line as a program, and end it without taking Python apart first.

    With torch in it that takes a tenth of the time of a whole ``verify``; the system frees all of
    it anyway.
    """
    stop_when_told()
    is_heard = fill_in_closed()
    try:
        if not is_heard:
            click.echo("Error: standard output is closed; open it, or send it to a file", err=True)
            sys.exit(FAILED)
        let_through(sys.stdout, sys.stderr)
        with errors_as_text():
            main(obj=PROGRAM)
    except SystemExit as end:
        status = int(end.code or 0)
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            status = FAILED  # what was to be said did not get through
        os._exit(status)
