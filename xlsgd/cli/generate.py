"""The command ``xlsgd generate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xlsgd.base.errors import SpecError
from xlsgd.cli.common import ProgressBar, errors_as_text, say, show_all
from xlsgd.cli.options import Command, lesson_options, many_options, refuse_without, tell_of
from xlsgd.cli.types import FILE, LESSON, OPTIMIZER

if TYPE_CHECKING:
    from xlsgd.data import Dataset

__all__ = ["generate"]


@click.command(
    cls=Command, epilog="Example:  xlsgd generate graddesc -o graddesc.xlsx --lr 0.0002 --epochs 5"
)
@click.argument("lesson", type=LESSON, required=False, metavar="LESSON")
@click.option("--all", "every", is_flag=True, help="Write every lesson, as it comes, in one go.")
@click.option(
    "-o", "--output", type=FILE,
    help="File to write; with --seeds or --all, a folder.  [LESSON.xlsx; LESSON; .]",
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
@click.pass_context
def generate(
    context: click.Context,
    /,
    lesson: str | None,
    every: bool,
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
    progress, received, status = ProgressBar(quiet), list["Dataset"](), 0
    warnings, seen = list[str](), list[str]()
    many: dict[str, Any] = {"jobs": jobs, "timeout": timeout, "memory": memory, "dask": dask}

    def tell(data: Dataset) -> None:
        if not quiet:
            tell_of(data, options["source"])

    with errors_as_text():
        if every:
            _refuse_beside_all(context)
            from xlsgd.lessons.generation import generate_all

            try:
                for path in generate_all(output, options["force"], progress):
                    progress.clear()
                    click.echo(path)
            finally:
                progress.clear()
        elif lesson is None:
            raise click.MissingParameter(ctx=context, param=context.command.params[0])
        elif seeds is None:
            refuse_without("--seeds", **many, resume=resume or None)
            from xlsgd.lessons.generation import generate as write

            try:
                path = write(
                    lesson, output, progress=progress, told=received.append, warned=warnings.append,
                    compared=seen.append, **options,
                )  # fmt: skip
            finally:
                progress.clear()
            for data in received:
                tell(data)
            for words in seen if not quiet else ():
                click.echo(words, err=True)
            for words in warnings:
                click.echo(f"Note: {words}", err=True)
            click.echo(path)
        else:
            from xlsgd.many.writing import write_seeds

            written = write_seeds(
                lesson,
                seeds,
                output,
                resume=resume,
                progress=progress,
                told=tell,
                **many,
                **options,
            )
            show_all(written, lambda one: say(one.line), progress)
            for note in written.notes():
                click.echo(note, err=True)
            status = written.status
    sys.exit(status)


_BESIDE_ALL = ("every", "output", "force", "quiet")


def _refuse_beside_all(context: click.Context) -> None:
    """Raise SpecError for what is asked of one lesson, where all are written."""
    for param in context.command.params:
        name = param.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _BESIDE_ALL:
            what = name if name == "lesson" else max(param.opts, key=len)
            raise SpecError(f"--all writes every lesson as it comes; leave out {what}")
