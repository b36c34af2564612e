"""The command ``xlsgd explain``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from xlsgd.base.visible import visible
from xlsgd.cli.common import (
    AGREES,
    ProgressBar,
    errors_as_text,
    refuse_to_overwrite,
    within,
)
from xlsgd.cli.options import engine_option, given_limits, limit_options
from xlsgd.cli.types import FILE, OUTPUT

__all__ = ["explain"]


@click.command(epilog="Example:  xlsgd explain two-neuron.xlsx --tab two")
@click.argument("file", type=FILE)
@click.option("--tab", "tabs", multiple=True, help="Only this training tab; may be repeated.")
@click.option(
    "--json", "json_file", type=OUTPUT,
    help="Write the findings as JSON; - for standard output, in place of the text.",
)  # fmt: skip
@limit_options
@engine_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def explain(
    file: Path,
    tabs: tuple[str, ...],
    json_file: Path | None,
    timeout: float | None,
    memory: int | None,
    engine: str,
    quiet: bool,
) -> None:
    """Say why the runs of FILE went as they did, and what to change.

    Every training tab is trained in PyTorch from the inputs that stand in it: which step it turned
    in, how large the learning rate may be, and what another rate does, which has been tried.
    """
    to_stdout = str(json_file) == "-"

    def find_reasons() -> int:
        from xlsgd.explaining import explain as find_out
        from xlsgd.explaining.telling import explanation_lines, to_json

        progress = ProgressBar(quiet)
        try:
            found = find_out(file, tabs, engine, progress)
        finally:
            progress.clear()
        if to_stdout:
            click.echo(to_json(found), nl=False)
            return AGREES
        if json_file is not None:
            from xlsgd.base.files import write_whole

            write_whole(json_file, to_json(found).encode("utf-8", "backslashreplace"), force=True)
        width = shutil.get_terminal_size().columns
        click.echo("\n".join(map(visible, explanation_lines(found, width))))
        return AGREES

    with errors_as_text():
        if json_file is not None and not to_stdout:
            from xlsgd.base.files import check_target

            refuse_to_overwrite([file], json_file)
            check_target(json_file, force=True)
        status = within(given_limits(timeout, memory), file, find_reasons)
    sys.exit(status)
