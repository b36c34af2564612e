"""The command ``xlsgd sweep``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from xlsgd.base.errors import SpecError
from xlsgd.cli.common import AGREES, DIFFERS, ProgressBar, errors_as_text, say
from xlsgd.cli.options import Command, engine_option, lesson_options, tell_of
from xlsgd.cli.types import DEVICE, FILE, LESSON, OPTIMIZER, WHOLE

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
    table: Path | None,
    per_side: int,
    check_seed: int,
    source: str | None,
    points: int | None,
    noise: float | None,
    seed: int | None,
    engine: str,
    force: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a tab of LESSON at many learning rates, and draw a map of how it goes."""
    progress = ProgressBar(quiet)
    with errors_as_text():
        for name, number in (("--check", per_side), ("--check-seed", check_seed)):
            if number < 0:
                raise SpecError(f"{name}: got {number}, need a whole number, 0 or greater")
        from xlsgd.base.files import refuse_to_overwrite
        from xlsgd.engines import get_engine
        from xlsgd.lessons.given import given_data
        from xlsgd.sweeping.outputs import Outputs

        get_engine(engine)

        outputs = Outputs(Path(f"{lesson}-sweep" if stem is None else stem), table, force)
        for path in outputs.paths if source is not None else ():
            refuse_to_overwrite([Path(str(source))], path)
        data = given_data(lesson, source, points, noise, seed)
        if data is not None and not quiet:
            tell_of(data, source)
        from xlsgd.sweeping.check import can_be_checked, check_sweep
        from xlsgd.sweeping.lesson import sweep as train
        from xlsgd.sweeping.words import check_lines, summary_lines

        def tell(lines: Sequence[str]) -> None:
            progress.clear()
            if not quiet:
                say(*lines)

        def seen(found: Any) -> None:
            tell(summary_lines(found))

        found = train(lesson, data=data, seed=seed, progress=progress, seen=seen, **options)
        seen(found)
        checked = None
        if per_side and not can_be_checked(found):
            click.echo(
                "not recalculated: a workbook has one learning rate for all layers", err=True
            )
        elif per_side:
            checked = check_sweep(found, per_side, check_seed, progress, engine)
            agree = all(one.agree for one in checked)
            progress.clear()
            if not (quiet and agree):
                say(*check_lines(checked))
        for path in outputs.write(found, checked):
            click.echo(path)
    sys.exit(AGREES if checked is None or all(one.agree for one in checked) else DIFFERS)
