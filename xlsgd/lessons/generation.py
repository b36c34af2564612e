"""Write a lesson as a workbook: formulas, the values that go with them, charts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.base.files import check_target, kind_of_target, write_whole
from xlsgd.lessons import Options, get_plan

__all__ = ["check_output", "generate"]

Progress = Callable[[str, int, int], None]


def generate(
    lesson: str,
    output: str | Path | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    **options: Any,
) -> Path:
    """Write the workbook of a lesson and return its path.

    lesson: a name that ``lesson_plans()`` knows, such as ``graddesc``.
    output: where to; ``LESSON.xlsx`` in the current folder by default.
    force: replace an existing file.
    told: called with what is worth a word, such as a loss that takes something else than the
        network gives.
    options: replace what the lesson would choose itself; see ``xlsgd.lessons.Options``.
    The same arguments and versions give the same bytes. The file is written whole or not at all.
    Raises SpecError for arguments that make no sense, OutputExistsError if the file exists.
    """
    plan = get_plan(lesson)
    path = Path(f"{lesson}.xlsx" if output is None else output)
    check_output(path, force)
    built = plan.build(Options(progress=progress, **options))
    for words in dict.fromkeys(view.experiment.unfit_loss for view in built.views):
        if words and told is not None:
            told(words)
    # Slow imports wait until the options have been found to make sense.
    from xlsgd.engines.formulas import ENGINE
    from xlsgd.sheets.package import package
    from xlsgd.tabs.workbook import book_of, build_workbook

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
