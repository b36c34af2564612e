"""The data that was asked for: from a file, made up, or the lesson's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.base.files import refuse_to_overwrite
from xlsgd.data import Dataset
from xlsgd.lessons import get_plan, lesson_plans
from xlsgd.lessons.lesson import NO_COLUMNS, Columns

__all__ = ["data_for", "given_data", "keep_source", "words_about"]


def given_data(
    lesson: str,
    source: str | None,
    points: int | None,
    noise: float | None,
    seed: int | None,
    columns: Columns = NO_COLUMNS,
) -> Dataset | None:
    """Return the data that was asked for, None for the lesson's own.

    source: of a CSV file, a path or an address.   points, noise, seed: of data made up, instead.
    columns: which columns of the file are what, for a net of one's own.
    Raises SpecError for what makes no sense, DataError for a file that cannot be used.
    """
    plan = get_plan(lesson)
    if columns and not plan.reads_tables:
        raise SpecError(
            "--target, --inputs, --feature, --shuffle, --validation, --image: the lesson "
            f"'{lesson}' says itself what its columns are; describe a net in place of the lesson, "
            "as 'Linear(1, 1)'"
        )
    if source is None and not (columns.shuffle is None and columns.validation is None):
        raise SpecError("--shuffle, --validation: say of which rows: --data FILE")
    making = {"--points": points, "--noise": noise}
    if not plan.seeds_weights:
        making["--seed"] = seed
    given = [name for name, value in making.items() if value is not None]
    if not plan.takes_data and (given or source is not None):
        name = "--data" if source is not None else given[0]
        raise SpecError(f"{name}: the lesson '{lesson}' has data of its own, or none; leave it out")
    if source is not None:
        if given:
            raise SpecError(f"--data and {given[0]} exclude each other: data is read or made up")
        return plan.read_data(source, columns)
    return plan.make_data(points, noise, seed) if given else None


def data_for(
    lesson: str,
    options: Mapping[str, Any],
    source: str | None,
    points: int | None,
    noise: float | None,
) -> Dataset | None:
    """Return the data among the options of a lesson, or what is asked for in its place.

    Raises SpecError for both, and as given_data.
    """
    if options.get("digits") and not get_plan(lesson).has_digits:
        able = [name for name, plan in lesson_plans().items() if plan.has_digits]
        raise SpecError(f"--digits: '{lesson}' has no images; it is for {', '.join(able)}")
    columns = options.get("columns", NO_COLUMNS)
    data: Dataset | None = options.get("data")
    asked = {"source": source, "points": points, "noise": noise}
    also = [name for name, value in asked.items() if value is not None]
    if data is None:
        return given_data(lesson, source, points, noise, options.get("seed"), columns)
    if also:
        raise SpecError(f"data and {also[0]} exclude each other: give one of them")
    return data


def keep_source(source: str | None, *outputs: Path) -> None:
    """Raise SpecError if the file that data is read from would be overwritten."""
    for output in outputs if source is not None else ():
        refuse_to_overwrite([Path(str(source))], output)


def words_about(data: Dataset, source: str | None) -> Iterator[str]:
    """Yield what was read or made up, and how to be sure to read the same again."""
    if not data.schema.is_plain:
        yield data.title
    if source is not None and data.sha256 and not data.checked and "://" in source:
        yield (
            f"The download was not checked; for the same file every time: "
            f"--data '{source}#sha256={data.sha256}'"
        )
