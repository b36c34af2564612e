"""Write a lesson as a workbook: formulas, the values that go with them, charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.base.files import check_target, kind_of_target, write_whole
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.lessons import Lesson, Options, get_plan, lesson_plans
from xlsgd.lessons.given import data_for, keep_source
from xlsgd.lessons.lesson import Values

if TYPE_CHECKING:
    from xlsgd.sheets.maps import BookMap

__all__ = ["check_output", "generate", "generate_all", "write_lesson"]


LARGE = 20_000
"""Formulas of a net of one's own from which on it is worth a word how long they take."""


def generate(
    lesson: str,
    output: str | Path | None = None,
    *,
    source: str | None = None,
    points: int | None = None,
    noise: float | None = None,
    force: bool = False,
    progress: Progress | None = None,
    told: Callable[[Dataset], None] | None = None,
    warned: Callable[[str], None] | None = None,
    compared: Callable[[str], None] | None = None,
    **options: Any,
) -> Path:
    """Write the workbook of a lesson and return its path.

    lesson: a name that ``lesson_plans()`` knows, such as ``graddesc``, or a net in its place:
        ``Linear(2, 3), ReLU, Linear(3, 1)``, ``c*(a*x + b) + d``, ``my_net.py:model``.
    output: where to; ``LESSON.xlsx`` in the current folder by default.
    source: a CSV file or its address, with the data to train on.   points, noise: of data made up,
        by the option ``seed``.   told: is given data that is not the lesson's own.
    force: replace an existing file.
    warned: called with what is worth a word, such as a loss that takes something else than the
        network gives.
    compared: called with what was found to be as live objects of PyTorch have it.
    options: replace what the lesson would choose itself; see ``xlsgd.lessons.Options``.
    The same arguments and versions give the same bytes. The file is written whole or not at all.
    Raises SpecError for arguments that make no sense, OutputExistsError if the file exists,
    DataError for a source that cannot be used.
    """
    plan = get_plan(lesson)
    path = Path(f"{plan.file_name}.xlsx" if output is None else output)
    if output is not None:
        keep_source(source, path)
    # Before anything is downloaded for it.
    check_output(path, force)
    data = data_for(lesson, options, source, points, noise)
    if data is not None and told is not None:
        told(data)
    built = plan.build(Options(**{**options, "data": data, "progress": progress}))
    # A lesson's own loss fits.
    if warned is not None and (plan.reads_tables or options.get("loss")):
        from xlsgd.torch_side.loss_fit import notes_before

        notes = [w for view in built.views for w in notes_before(view.experiment, built.data)]
        for words in dict.fromkeys(notes):
            warned(words)
    if plan.reads_tables and warned is not None:
        from xlsgd.tabs.size import check_size

        size = check_size(built)
        if size.formulas > LARGE:
            warned(str(size))
    write_lesson(built, path, force, progress, plan.look)
    if compared is not None and plan.seen():
        compared(plan.seen())
    return path


def generate_all(
    folder: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Iterator[Path]:
    """Write every lesson as it comes, and yield the path of each.

    What takes long to begin with is done once for all.
    folder: where to, made if it is not there; the current folder by default.
    force: replace existing files; without it none is written if one of them exists.
    Raises SpecError for a folder that is none, OutputExistsError if a file exists.
    """
    where = Path() if folder is None else Path(folder)
    if where.suffix.lower() == ".xlsx" or (where.exists() and not where.is_dir()):
        raise SpecError(f"{where}: all lessons are written into a folder; give the name of one")
    paths = {name: where / f"{plan.file_name}.xlsx" for name, plan in lesson_plans().items()}
    where.mkdir(parents=True, exist_ok=True)
    for path in paths.values():
        check_output(path, force)
    for name, path in paths.items():
        yield generate(name, path, force=force, progress=progress)


def write_lesson(
    lesson: Lesson,
    path: Path,
    force: bool = False,
    progress: Progress | None = None,
    look: Callable[[BookMap, Values], None] | None = None,
) -> None:
    """Write the workbook of a lesson, whole or not at all.

    look: is shown where everything stands and what was calculated, before anything is written.
    Raises SpecError if it does not fit, OutputExistsError if the file exists and force is False.
    """
    # Slow imports wait until the options have been found to make sense.
    from xlsgd.engines.formulas import ENGINE
    from xlsgd.tabs.workbook import book_of, drawn
    from xlsgd.xlsx.package import package

    def calculating(done: int, total: int) -> None:
        if progress is not None:
            progress("calculating stored values", done, total)

    workbook, maps = drawn(lesson)
    calculation = ENGINE.calculate(book_of(workbook), calculating)
    if look is not None:
        look(maps, calculation.values)
    write_whole(path, package(workbook, calculation.values), force)


def check_output(path: Path, force: bool = False) -> None:
    """Raise SpecError or OutputExistsError unless a workbook can be written there."""
    # A folder or a device has a say of its own.
    if path.suffix.lower() != ".xlsx" and kind_of_target(path) != "device":
        raise SpecError(
            f"{path}: what is written is an Excel workbook; give it a name that ends in .xlsx"
        )
    check_target(path, force)
