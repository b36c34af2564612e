"""Open a workbook as it stands: read it, recalculate it, and find the lesson in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xlsgd.base.cells import Formula, WorkbookFile
from xlsgd.base.errors import InputError, WorkbookError
from xlsgd.base.progress import Progress
from xlsgd.checks.circles import Circles, circles_behind
from xlsgd.engines import Calculation, get_engine
from xlsgd.engines.fast.needed import Place
from xlsgd.engines.file_formats import as_xlsx
from xlsgd.engines.formulas import ENGINE as FORMULAS
from xlsgd.processes.parallel import in_parallel, two_cores
from xlsgd.sheets.maps import address, quoted
from xlsgd.tabs.finder import find_lesson
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.volatile import settle
from xlsgd.xlsx.reader import read_workbook

__all__ = [
    "Calculated",
    "CircularError",
    "Opened",
    "open_workbook",
    "recalculate",
    "refuse_circles",
    "without_circles",
]

WORTH = 1000
"""Formulas in a workbook that are worth a process."""


@dataclass(frozen=True)
class Calculated:
    """A workbook's file and the values of its formulas.

    engine: what recalculated it.   seconds: how long that took.
    """

    file: WorkbookFile
    calculation: Calculation
    engine: str
    engine_version: str
    seconds: float


@dataclass(frozen=True)
class Opened(Calculated):
    """A calculated workbook, and the lesson that it turned out to be."""

    found: FoundWorkbook


class CircularError(WorkbookError):
    """An input is part of a circular reference, or waits for one: nothing can be trained.

    calculated: the workbook.   circles: the cells.
    """

    def __init__(self, calculated: Calculated, circles: Circles, place: Place) -> None:
        self.calculated, self.circles = calculated, circles
        sheet, position = place
        cell = f"{quoted(sheet)}!{address(position)}"
        role = "is one of them" if place in circles.why else "waits for them"
        super().__init__(
            f"{calculated.file.path}: circular reference: {circles.words}; the input {cell} {role}"
            " and has no value; mend the formula that should not look there"
        )

    def __getstate__(self) -> None:
        # To another process go its words, and no workbook.
        return None


def open_workbook(
    path: str | Path,
    engine: str,
    progress: Progress | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Opened:
    """Return a workbook with its values calculated anew.

    engine: what recalculates it.
    meanwhile: what can be done while it does, in a process of its own where there is a core for
        it; not done where there is none.
    Raises WorkbookError if the file cannot be read or is none of xlsgd's, CircularError if an
    input has no value because of a circular reference, SpecError or EngineError if the engine
    cannot be used.
    """
    get_engine(engine)  # an unknown one is said before anything is read
    with as_xlsx(Path(path)) as readable:
        return recalculate(read_workbook(readable), engine, progress, meanwhile)


def recalculate(
    file: WorkbookFile,
    engine: str,
    progress: Progress | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Opened:
    """Return a workbook that has been read with its values calculated anew; see open_workbook."""
    calculator = get_engine(engine)
    settled, notes = settle(file)
    formulas = sum(isinstance(c, Formula) for g in file.book.sheets.values() for c in g.values())

    def calculating(done: int, total: int) -> None:
        if progress is not None:
            progress("recalculating", done, total)

    calculating(0, formulas)
    begun = time.perf_counter()
    if meanwhile is None or formulas < WORTH or not two_cores():
        calculation = calculator.recalculate(settled, calculating)
    else:
        calculation = in_parallel(
            lambda tell: calculator.recalculate(settled, tell), meanwhile, calculating
        )
    for sheet, cells in settled.settled.items():
        calculation.values[sheet] |= cells
    calculation.notes += notes
    seconds = time.perf_counter() - begun
    program = calculation.program or calculator.version()
    known = Calculated(file, calculation, engine, program, seconds)
    with without_circles(known):
        found = find_lesson(file.book, calculation.values, str(file.path))
        if engine != FORMULAS.name:
            # Other programs may have a number there: they go round a few times, or keep the last.
            refuse_circles(known, found.inputs)
    return Opened(file, calculation, engine, program, seconds, found)


@contextmanager
def without_circles(known: Calculated) -> Iterator[None]:
    """Raise CircularError in place of an InputError that is due to a circular reference."""
    try:
        yield
    except InputError as error:
        refuse_circles(known, [error.place])
        raise


def refuse_circles(known: Calculated, places: Iterable[Place]) -> None:
    """Raise CircularError if a cell is part of a circular reference, or waits for one."""
    asked = list(places)
    ours = known.engine == FORMULAS.name
    book = known.file.book if ours else settle(known.file)[0].book
    circles = circles_behind(book, asked, known.calculation.values if ours else None)
    if circles is not None:
        concerned = (place for place in asked if place in circles.why or place in circles.waiting)
        raise CircularError(known, circles, next(concerned))
