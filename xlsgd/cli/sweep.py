"""The command ``xlsgd sweep``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.cli.common import AGREES, DIFFERS, ProgressBar, errors_as_text, say
from xlsgd.cli.options import Command, engine_option, lesson_options, tell_of
from xlsgd.cli.types import DEVICE, FILE, LESSON, NUMBER, OPTIMIZER, WHOLE

if TYPE_CHECKING:
    from xlsgd.data import Dataset
    from xlsgd.sweeping import Sweep

__all__ = ["sweep"]


@click.command(
    cls=Command,
    short_help="Train at many learning rates, and draw a map of how it goes.",
    epilog="Example:  xlsgd sweep two-neuron --tab two --y init.a=-3:3 --zoom 1 -o closer",
)
@click.argument("lesson", type=LESSON)
@click.option(
    "-o", "--output", "stem", type=FILE, metavar="STEM",
    help="Write STEM.png, STEM.csv and STEM.xlsx.  [LESSON-sweep]",
)  # fmt: skip
@click.option(
    "--x", default="learning_rate", show_default=True, metavar="NAME[=LOW:HIGH[:STEPS][:log|lin]]",
    help="What to vary: learning_rate, learning_rate.2 for the second layer, a start value such "
    "as init.a, a hyperparameter such as beta, or h.",
)  # fmt: skip
@click.option("--y", metavar="NAME=…", help="A second quantity, for a map of the two.")
@click.option("--tab", help="Which tab of the lesson.  [the first]")
@click.option("--reach", type=NUMBER, metavar="LOSS", help="Count the runs that end below this.")
@click.option("--zoom", type=WHOLE, default=0, help="Look closer at the border this many times.")
@click.option(
    "--check", "per_side", type=WHOLE, default=2, show_default=True,
    help="Recalculate so many runs from each side of the border as a workbook.",
)  # fmt: skip
@click.option("--check-seed", type=WHOLE, default=0, help="Seed of the lot that draws them.")
@click.option("--table", type=FILE, help="Another file for the table: .csv or .parquet.")
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="cpu or cuda.")
@lesson_options(
    "Learning rate, if it is not varied.",
    click.option("--optimizer", type=OPTIMIZER, help="Train by it instead."),
)
@engine_option
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no lines if all is well.")
def sweep(
    lesson: str,
    stem: Path | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a tab of LESSON at many learning rates, and draw a map of how it goes."""
    progress = ProgressBar(quiet)

    def tell(data: Dataset) -> None:
        if not quiet:
            tell_of(data, options["source"])

    def show(found: Sweep) -> None:
        progress.clear()
        if not quiet:
            say(*summary_lines(found))

    with errors_as_text():
        from xlsgd.sweeping.words import check_lines, summary_lines
        from xlsgd.sweeping.written import write_sweep

        found = write_sweep(lesson, stem, progress=progress, told=tell, seen=show, **options)
        progress.clear()
        if found.not_checked is not None:
            click.echo(f"not recalculated: {found.not_checked}", err=True)
        elif found.checked is not None and not (quiet and found.agrees):
            say(*check_lines(found.checked))
        for path in found.write():
            click.echo(path)
    sys.exit(AGREES if found.agrees else DIFFERS)
