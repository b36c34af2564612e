"""Write a lesson as a workbook: formulas, the values that go with them, charts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.base.files import check_target, kind_of_target, write_whole
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.lessons import Options, get_plan
from xlsgd.lessons.given import data_for, keep_source

__all__ = ["check_output", "generate"]


def generate(
    lesson: str,
    output: str | Path | None = None,
    *,
    source: str | None = None,
    points: int | None = None,
    noise: float | None = None,
    force: bool = False,
    progress: Progress | None = None,
    received: Callable[[Dataset], None] | None = None,
    **options: Any,
) -> Path:
    """Write the workbook of a lesson and return its path.

    lesson: a name that ``lesson_plans()`` knows, such as ``graddesc``.
    output: where to; ``LESSON.xlsx`` in the current folder by default.
    source: a CSV file or its address, with the data to train on.   points, noise: of data made up,
        by the option ``seed``.   received: is given data that is not the lesson's own.
    force: replace an existing file.
    options: replace what the lesson would choose itself; see ``xlsgd.lessons.Options``.
    The same arguments and versions give the same bytes. The file is written whole or not at all.
    Raises SpecError for arguments that make no sense, OutputExistsError if the file exists,
    DataError for a source that cannot be used.
    """
    plan = get_plan(lesson)
    path = Path(f"{lesson}.xlsx" if output is None else output)
    if output is not None:
        keep_source(source, path)
    # Before anything is downloaded for it.
    check_output(path, force)
    data = data_for(lesson, options, source, points, noise)
    if data is not None and received is not None:
        received(data)
    built = plan.build(Options(**{**options, "data": data, "progress": progress}))
    # Slow imports wait until the options have been found to make sense.
    from xlsgd.engines.formulas import ENGINE
    from xlsgd.tabs.workbook import book_of, build_workbook
    from xlsgd.xlsx.package import package

    def calculating(done: int, total: int) -> None:
        if progress is not None:
            progress("calculating stored values", done, total)

    workbook = build_workbook(built)
    calculation = ENGINE.calculate(book_of(workbook), calculating)
    write_whole(path, package(workbook, calculation.values), force)
    return path


def check_output(path: Path, force: bool = False) -> None:
    """Raise SpecError or OutputExistsError unless a workbook can be written there."""
    # A folder or a device has a say of its own.
    if path.suffix.lower() != ".xlsx" and kind_of_target(path) != "device":
        raise SpecError(
            f"{path}: what is written is an Excel workbook; give it a name that ends in .xlsx"
        )
    check_target(path, force)
