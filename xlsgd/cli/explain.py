"""The command ``xlsgd explain``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.base.visible import visible
from xlsgd.cli.common import ProgressBar, errors_as_text, within
from xlsgd.cli.options import Command, engine_option, format_options, given_reports, limit_options
from xlsgd.cli.types import FILE, OUTPUT

if TYPE_CHECKING:
    from xlsgd.base.progress import Progress

__all__ = ["explain"]


@click.command(cls=Command, epilog="Example:  xlsgd explain two-neuron.xlsx --tab two")
@click.argument("file", type=FILE)
@click.option("--tab", "tabs", multiple=True, help="Only this training tab; may be repeated.")
@format_options(
    "document", OUTPUT,
    "Write the findings as {title}; - for standard output, in place of the text.",
)  # fmt: skip
@limit_options
@engine_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def explain(
    file: Path,
    tabs: tuple[str, ...],
    timeout: float | None,
    memory: int | None,
    engine: str,
    quiet: bool,
    **options: Any,
) -> None:
    """Say why the runs of FILE went as they did, and what to change.

    Every training tab is trained in PyTorch from the inputs that stand in it: which step it turned
    in, how large the learning rate may be, and what another rate does, which has been tried.
    """

    def find_reasons(progress: Progress) -> tuple[list[str], dict[str, Any]]:
        from xlsgd.explaining import explain as find_out
        from xlsgd.explaining.rendering import explanation_data, explanation_lines

        found = find_out(file, tabs, engine, progress)
        width = shutil.get_terminal_size().columns
        return list(explanation_lines(found, width)), explanation_data(found)

    with errors_as_text():
        from xlsgd.report.formats import formats
        from xlsgd.report.targets import check_targets, is_printed, written

        reports = given_reports(options, "document")
        check_targets([file], reports)
        lines, data = within(timeout, memory, file, find_reasons, ProgressBar(quiet))
        for name, target in reports.items():
            for content in written(target, formats()[name].document(data)):
                click.echo(content, nl=False)
        if not any(map(is_printed, reports.values())):
            click.echo("\n".join(map(visible, lines)))
