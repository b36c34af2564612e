"""Open a workbook as it stands: read it, recalculate it, and find the lesson in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xlsgd.base.cells import Formula, WorkbookFile
from xlsgd.engines import Calculation, get_engine
from xlsgd.engines.file_formats import as_xlsx
from xlsgd.processes.parallel import beside, two_cores
from xlsgd.tabs.finder import Found, find_lesson
from xlsgd.tabs.volatile import settle
from xlsgd.xlsx.reader import read_workbook

__all__ = ["Opened", "Progress", "open_workbook", "recalculate"]

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it is done, and of how much."""

WORTH = 1000
"""Formulas in a workbook that are worth a process."""


@dataclass(frozen=True)
class Opened:
    """A workbook's file, the values of its formulas, and the lesson that it turned out to be.

    engine: what recalculated it.   seconds: how long that took.
    """

    file: WorkbookFile
    calculation: Calculation
    found: Found
    engine: str
    engine_version: str
    seconds: float


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
    Raises WorkbookError if the file cannot be read or is none of xlsgd's, SpecError or EngineError
    if the engine cannot be used.
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
    settled = settle(file)
    formulas = sum(isinstance(c, Formula) for g in file.book.sheets.values() for c in g.values())

    def calculating(done: int, total: int) -> None:
        if progress is not None:
            progress("recalculating", done, total)

    calculating(0, formulas)
    begun = time.perf_counter()
    if meanwhile is None or formulas < WORTH or not two_cores():
        calculation = calculator.recalculate(settled.file, calculating)
    else:
        calculation = beside(
            lambda tell: calculator.recalculate(settled.file, tell), meanwhile, calculating
        )
    for sheet, cells in settled.cells.items():
        calculation.values[sheet] |= cells
    calculation.notes += settled.notes
    seconds = time.perf_counter() - begun
    found = find_lesson(file.book, calculation.values, str(file.path))
    program = calculation.program or calculator.version()
    return Opened(file, calculation, found, engine, program, seconds)
