"""The command ``xlsgd generate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.cli.common import ProgressBar, errors_as_text, say, show_all
from xlsgd.cli.options import lesson_options, many_options, refuse_without, tell_of
from xlsgd.cli.types import FILE, LESSON, OPTIMIZER

if TYPE_CHECKING:
    from xlsgd.data import Dataset

__all__ = ["generate"]


@click.command(epilog="Example:  xlsgd generate graddesc -o graddesc.xlsx --lr 0.0002 --epochs 5")
@click.argument("lesson", type=LESSON)
@click.option(
    "-o", "--output", type=FILE,
    help="File to write; with --seeds, a folder.  [LESSON.xlsx; LESSON]",
)  # fmt: skip
@lesson_options(
    "Learning rate of every tab.",
    click.option(
        "--optimizer", "optimizers", type=OPTIMIZER, multiple=True,
        help="A tab for it; may be repeated.",
    ),
)  # fmt: skip
@click.option(
    "--seeds", metavar="1-500", help="Write a workbook LESSON-SEED.xlsx for each of these seeds."
)
@many_options
@click.option("--resume", is_flag=True, help="With --seeds: write only files that are not there.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def generate(
    lesson: str,
    output: Path | None,
    seeds: str | None,
    jobs: int | None,
    timeout: float | None,
    memory: int | None,
    dask: str | None,
    resume: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write the workbook of LESSON (xlsgd list shows them)."""
    progress, heard, status = ProgressBar(quiet), list["Dataset"](), 0
    many: dict[str, Any] = {"jobs": jobs, "timeout": timeout, "memory": memory, "dask": dask}

    def tell(data: Dataset) -> None:
        if not quiet:
            tell_of(data, options["source"])

    with errors_as_text():
        if seeds is None:
            refuse_without("--seeds", **many, resume=resume or None)
            from xlsgd.lessons.generation import generate as write

            try:
                path = write(lesson, output, progress=progress, received=heard.append, **options)
            finally:
                progress.clear()
            for data in heard:
                tell(data)
            click.echo(path)
        else:
            from xlsgd.many.writing import write_seeds

            written = write_seeds(
                lesson,
                seeds,
                output,
                resume=resume,
                progress=progress,
                received=tell,
                **many,
                **options,
            )
            show_all(written, lambda one: say(one.line), progress)
            for note in written.notes():
                click.echo(note, err=True)
            status = written.status
    sys.exit(status)
