"""The command ``xlsgd generate``."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from xlsgd.base.errors import SpecError
from xlsgd.cli.common import (
    FAILED,
    InOrder,
    ProgressBar,
    errors_as_text,
    refuse_to_overwrite,
)
from xlsgd.cli.options import (
    given_limits,
    many_options,
    rate_option,
    run_options,
    start_options,
    tell_of,
)
from xlsgd.cli.types import FILE, LESSON, OPTIMIZER

__all__ = ["generate"]


@click.command(epilog="Example:  xlsgd generate graddesc -o graddesc.xlsx --lr 0.0002 --epochs 5")
@click.argument("lesson", type=LESSON)
@click.option(
    "-o", "--output", type=FILE,
    help="File to write; with --seeds, a folder.  [LESSON.xlsx; LESSON]",
)  # fmt: skip
@rate_option("Learning rate of every tab.")
@start_options
@click.option(
    "--optimizer", "optimizers", type=OPTIMIZER, multiple=True,
    help="A tab for it; may be repeated.",
)  # fmt: skip
@run_options
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
    init: dict[str, float],
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
    with errors_as_text():
        from xlsgd.lessons.given import given_data

        if seeds is not None:
            if seed is not None:
                raise SpecError("--seed and --seeds exclude each other")
            from xlsgd.many.writing import parse_seeds

            which = parse_seeds(seeds)
            if output and output.suffix.lower() == ".xlsx" and not output.exists():
                raise SpecError(f"{output}: --seeds writes a folder; give the name of one")
            # What is wrong with the options is wrong for every seed: say it once.
            data = given_data(lesson, source, points, noise, which[0])
            if data is not None and source is not None and not quiet:
                tell_of(data, source)
            _many(
                lesson,
                which,
                Path(lesson) if output is None else output,
                quiet,
                init=init,
                data=None if source is None else data,
                points=points,
                noise=noise,
                jobs=1 if jobs is None else jobs,
                dask=dask,
                limits=given_limits(timeout, memory),
                resume=resume,
                **options,
            )
            return
        for name, value in (("--jobs", jobs), ("--timeout", timeout), ("--memory", memory),
                            ("--dask", dask), ("--resume", resume or None)):  # fmt: skip
            if value is not None:
                raise SpecError(f"{name} is for many workbooks: it goes with --seeds")
        from xlsgd.lessons.generation import check_output
        from xlsgd.lessons.generation import generate as write

        progress = ProgressBar(quiet)
        if source is not None and output is not None:
            refuse_to_overwrite([Path(source)], output)
        # Before anything is downloaded for it.
        check_output(Path(f"{lesson}.xlsx") if output is None else output, options["force"])
        data = given_data(lesson, source, points, noise, seed)
        try:
            path = write(
                lesson, output, init=init, data=data, seed=seed, progress=progress, **options
            )
        finally:
            progress.clear()
        if data is not None and not quiet:
            tell_of(data, source)
        click.echo(path)


def _many(lesson: str, seeds: list[int], folder: Path, quiet: bool, **options: Any) -> None:
    """Write a workbook for every seed and say the names of the files, in their order."""
    from xlsgd.many.writing import write_many

    failed = done = 0
    lines = InOrder(ProgressBar(quiet), "writing", len(seeds))
    try:
        with closing(write_many(lesson, seeds, folder, **options)) as found:
            for place, path, answer in found:
                done += 1
                failed += answer.kind != "done"
                message = "" if answer.kind == "done" else f": FAILED, {answer.message}"
                lines.add(place, f"{path}{message}")
    except KeyboardInterrupt:
        lines.rest()
        click.echo(
            f"Interrupted: {done:,} of {len(seeds):,} are written; the same command with --resume "
            "goes on",
            err=True,
        )
        sys.exit(FAILED)
    finally:
        lines.rest()
    if failed:
        click.echo(f"{failed:,} of {len(seeds):,} could not be written", err=True)
        sys.exit(FAILED)
