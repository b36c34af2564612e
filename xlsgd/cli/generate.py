"""The command ``xlsgd generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xlsgd.cli.common import (
    ProgressBar,
    errors_as_text,
    refuse_to_overwrite,
)
from xlsgd.cli.options import given_data, run_options, start_options, tell_of

__all__ = ["generate"]


@click.command(epilog="Example:  xlsgd generate graddesc -o graddesc.xlsx --lr 0.0002 --epochs 5")
@click.argument("lesson")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [LESSON.xlsx]"
)
@click.option("--lr", "learning_rate", type=float, help="Learning rate of every tab.")
@start_options
@click.option("--optimizer", "optimizers", multiple=True, help="A tab for it; may be repeated.")
@run_options
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def generate(
    lesson: str,
    output: Path | None,
    init: dict[str, float],
    source: str | None,
    points: int | None,
    noise: float | None,
    seed: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Write the workbook of LESSON (xlsgd list shows them)."""
    from xlsgd.generation import generate as write

    progress = ProgressBar(quiet)
    with errors_as_text():
        if source is not None and output is not None:
            refuse_to_overwrite([Path(source)], output)
        data = given_data(lesson, source, points, noise, seed)
        path = write(lesson, output, init=init, data=data, seed=seed, progress=progress, **options)
        progress.clear()
        if data is not None and not quiet:
            tell_of(data, source)
        click.echo(path)
