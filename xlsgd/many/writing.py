"""Write a lesson many times, each with another seed: a workbook for everybody in a class."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.base.files import kind_of_target
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.lessons.given import data_for
from xlsgd.many.calls import Limits, Reply, Work
from xlsgd.many.in_order import InOrder
from xlsgd.many.running import answers

__all__ = [
    "SeedsWritten",
    "WrittenSeed",
    "folder_for",
    "parse_seeds",
    "prepare",
    "write",
    "write_many",
    "write_seeds",
]

MOST = 1_000_000
"""Seeds in one run."""


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of a text such as ``1-500`` or ``1-3,7``, in its order.

    Raises SpecError if it makes no sense or names a seed twice.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise SpecError(f"--seeds: got '{part.strip()}', need seeds such as 1-500 or 1-3,7")
        low, high = int(first), int(last or first)
        if high < low:
            raise SpecError(f"--seeds: got '{part.strip()}', need the smaller number first")
        if high - low >= MOST - len(seeds):
            raise SpecError(f"--seeds: got '{text}', need at most {MOST:,} seeds")
        seeds += range(low, high + 1)
    if len(set(seeds)) < len(seeds):
        raise SpecError(f"--seeds: got '{text}', need every seed once")
    return seeds


def folder_for(lesson: str, output: Path | None) -> Path:
    """Return the folder for the workbooks of all seeds.  Raises SpecError for a workbook's name."""
    if output and output.suffix.lower() == ".xlsx" and not output.exists():
        raise SpecError(f"{output}: --seeds writes a folder; give the name of one")
    return Path(lesson) if output is None else output


# In a helper process


def prepare() -> None:
    """Import what writing needs, once for all workbooks."""
    from xlsgd.engines import formulas
    from xlsgd.lessons import generation
    from xlsgd.tabs import workbook
    from xlsgd.xlsx import package

    assert all((generation, formulas, package, workbook))


def write(
    lesson: str,
    path: str,
    seed: int,
    points: int | None,
    noise: float | None,
    data: Dataset | None,
    force: bool,
    options: dict[str, Any],
) -> None:
    """Write one workbook.  points, noise: of data made up with the seed, if none is given."""
    from xlsgd.lessons.generation import generate

    made = {"points": points, "noise": noise} if data is None else {"data": data}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    generate(lesson, path, seed=seed, force=force, **made, **options)


# Where they are asked for


class WrittenSeed(NamedTuple):
    """What became of one workbook."""

    path: Path
    answer: Reply

    @property
    def done(self) -> bool:
        """Whether it is there."""
        return self.answer.kind == "done"

    @property
    def line(self) -> str:
        """What to say of it."""
        return f"{self.path}{'' if self.done else f': FAILED, {self.answer.message}'}"


class SeedsWritten(InOrder[WrittenSeed]):
    """What becomes of the workbooks of all seeds, one after the other, as somebody goes through
    them."""

    _failed = 0

    def keep(self, one: WrittenSeed) -> None:
        """Count what could not be written."""
        self._failed += not one.done

    @property
    def status(self) -> int:
        """The exit status that follows: 0 all are written, 2 some could not be."""
        return 2 if self._failed else 0

    def notes(self) -> Iterator[str]:
        """Yield what there is to say of all of them."""
        if self._failed:
            yield f"{self._failed:,} of {self.total:,} could not be written"


def write_seeds(
    lesson: str,
    seeds: str | Sequence[int],
    output: Path | None = None,
    *,
    source: str | None = None,
    points: int | None = None,
    noise: float | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    dask: str | None = None,
    progress: Progress | None = None,
    told: Callable[[Dataset], None] | None = None,
    **options: Any,
) -> SeedsWritten:
    """Return what becomes of the workbooks of all seeds: they are written while somebody goes
    through it.

    seeds: numbers, or a text such as ``1-500``.   output: the folder; LESSON by default.
    source, points, noise: as in ``xlsgd.generate``.   told: is given the data of the source.
    timeout (seconds), memory (MiB): limits of each.   The others are as in write_many.
    Raises SpecError for what makes no sense, before anything is written.
    """
    if options.pop("seed", None) is not None:
        raise SpecError("--seed and --seeds exclude each other")
    which = parse_seeds(seeds) if isinstance(seeds, str) else seeds
    folder = folder_for(lesson, output)
    # What is wrong with the options is wrong for every seed: say it once.
    first = {**options, "seed": which[0]} if which else options
    data = data_for(lesson, first, source, points, noise)
    if data is not None and source is not None and told is not None:
        told(data)
    if source is not None:
        options["data"] = data
    written = write_many(
        lesson, which, folder, points=points, noise=noise, jobs=1 if jobs is None else jobs,
        dask=dask, limits=Limits.given(timeout, memory), **options,
    )  # fmt: skip
    far = "are written; the same command with --resume goes on"
    return SeedsWritten(written, len(which), progress and partial(progress, "writing"), far)


def write_many(
    lesson: str,
    seeds: Sequence[int],
    folder: Path,
    *,
    points: int | None = None,
    noise: float | None = None,
    data: Dataset | None = None,
    jobs: int = 1,
    dask: str | None = None,
    limits: Limits | None = None,
    resume: bool = False,
    force: bool = False,
    **options: Any,
) -> Generator[tuple[int, WrittenSeed]]:
    """Write ``LESSON-SEED.xlsx`` for every seed; yield place, and what became of it, as they come.

    points, noise: of data made up with each seed.   data: the same for all, for lessons whose
    seed is for start weights.   options: as in ``xlsgd.generate``.
    jobs, dask, limits: as in ``check_many``.
    resume: leave alone the files that are there.   force: replace them.
    Bytes depend on seed, options and versions, not on who writes them. Every file is written
    whole or not at all.
    Raises OutputExistsError before anything is written if a file is there and neither is given;
    SpecError for options that make no sense.
    """
    paths = [folder / f"{lesson}-{seed}.xlsx" for seed in seeds]
    there = [place for place, path in enumerate(paths) if kind_of_target(path) is not None]
    if there and not (resume or force):
        raise OutputExistsError(
            f"{paths[there[0]]}: exists already, as do {len(there) - 1:,} others; pass --resume "
            "to write the missing ones, --force to replace them"
        )
    skipped = set(there) if resume else set()
    for place in sorted(skipped):
        yield place, WrittenSeed(paths[place], Reply("done"))
    todo = [place for place in range(len(paths)) if place not in skipped]
    if not todo:
        return
    calls = (
        {"lesson": lesson, "path": str(paths[place]), "seed": seeds[place], "points": points,
         "noise": noise, "data": data, "force": force, "options": options}
        for place in todo
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(f"{folder}: cannot be made a folder ({error.strerror})") from error
    work = Work(f"{__name__}:{write.__name__}", limits or Limits())
    for number, answer in answers(work, calls, jobs, dask):
        if answer.kind == "refused":
            # Options that make no sense for one seed make none for the others.
            raise SpecError(answer.message)
        yield todo[number], WrittenSeed(paths[todo[number]], answer)
