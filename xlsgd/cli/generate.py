"""The command ``xlsgd generate``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.base.errors import SpecError
from xlsgd.cli.common import FAILED, ProgressBar, errors_as_text, say, show_all
from xlsgd.cli.options import lesson_options, many_options, tell_of
from xlsgd.cli.types import FILE, LESSON, OPTIMIZER

if TYPE_CHECKING:
    from xlsgd.many.calls import Answer

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
    source: str | None,
    points: int | None,
    noise: float | None,
    seed: int | None,
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
    progress = ProgressBar(quiet)
    with errors_as_text():
        from xlsgd.lessons.given import given_data

        if seeds is not None:
            if seed is not None:
                raise SpecError("--seed and --seeds exclude each other")
            from xlsgd.many.in_order import InOrder
            from xlsgd.many.writing import folder_for, parse_seeds, write_many
            from xlsgd.processes.limits import Limits

            which, folder = parse_seeds(seeds), folder_for(lesson, output)
            # What is wrong with the options is wrong for every seed: say it once.
            data = given_data(lesson, source, points, noise, which[0])
            if data is not None and source is not None and not quiet:
                tell_of(data, source)
            written = write_many(
                lesson, which, folder, data=None if source is None else data, points=points,
                noise=noise, jobs=1 if jobs is None else jobs, dask=dask,
                limits=Limits.given(timeout, memory), resume=resume, **options,
            )  # fmt: skip
            far = "are written; the same command with --resume goes on"
            found = InOrder(written, len(which), partial(progress, "writing"), far)
            failed: list[Path] = []
            show_all(found, partial(_show, failed), progress)
            if failed:
                click.echo(f"{len(failed):,} of {len(which):,} could not be written", err=True)
                sys.exit(FAILED)
            return
        for name, value in (("--jobs", jobs), ("--timeout", timeout), ("--memory", memory),
                            ("--dask", dask), ("--resume", resume or None)):  # fmt: skip
            if value is not None:
                raise SpecError(f"{name} is for many workbooks: it goes with --seeds")
        from xlsgd.base.files import refuse_to_overwrite
        from xlsgd.lessons.generation import check_output
        from xlsgd.lessons.generation import generate as write

        if source is not None and output is not None:
            refuse_to_overwrite([Path(source)], output)
        # Before anything is downloaded for it.
        check_output(Path(f"{lesson}.xlsx") if output is None else output, options["force"])
        data = given_data(lesson, source, points, noise, seed)
        said: list[str] = []
        try:
            path = write(
                lesson, output, data=data, seed=seed, progress=progress, told=said.append, **options
            )
        finally:
            progress.clear()
        if data is not None and not quiet:
            tell_of(data, source)
        for words in said:
            click.echo(f"Note: {words}", err=True)
        click.echo(path)


def _show(failed: list[Path], written: tuple[Path, Answer]) -> None:
    path, answer = written
    failed += [] if answer.kind == "done" else [path]
    say(f"{path}{'' if answer.kind == 'done' else f': FAILED, {answer.message}'}")
