"""Verify a workbook with several engines, and say where two of them disagree and who is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xlsgd.base.cells import (
    CellError,
    Formula,
    Position,
    Scalar,
    Uncomputed,
    WorkbookFile,
    column_number,
)
from xlsgd.base.errors import EngineError, NoStoredValuesError, WorkbookError
from xlsgd.base.progress import Progress
from xlsgd.engines import ALL, chosen_engines, get_engine
from xlsgd.engines.file_formats import as_xlsx
from xlsgd.engines.kept import KeptValues, give_back
from xlsgd.report import Report
from xlsgd.report.compare import Tolerance, kind_of
from xlsgd.report.engines import Disagreement, EngineComparison, EngineRun
from xlsgd.report.report import name_text
from xlsgd.report.tolerances import tolerances
from xlsgd.tabs.layouts.torch_whole_runs import WholeRuns
from xlsgd.verifying.opening import Calculated, CircularError, recalculate
from xlsgd.verifying.verification import circular_report, examine
from xlsgd.xlsx.reader import read_workbook

__all__ = ["compare_engines"]

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]


class _Done(NamedTuple):
    """An engine that did not fail, what verify found, and the values it gave."""

    engine: str
    report: Report
    values: Values


def compare_engines(
    path: str | Path,
    engines: Sequence[str] = (ALL,),
    rtol: float | None = None,
    atol: float | None = None,
    progress: Progress | None = None,
) -> EngineComparison:
    """Return what several engines make of a workbook, each compared with torch.

    engines: their names; ``all`` is every engine that is installed, and leaves out ``stored`` for a
        file that stores no values.
    An engine that fails is an entry of its own; the others go on.
    Raises WorkbookError if the file cannot be read or is none of xlsgd's, SpecError for an unknown
    engine, EngineError for one that is named and not installed.
    """
    allowed = tolerances(rtol, atol)
    names = chosen_engines(engines)
    with as_xlsx(Path(path)) as readable:
        return _compared(read_workbook(readable), path, engines, names, allowed, progress)


def _compared(
    file: WorkbookFile,
    path: str | Path,
    engines: Sequence[str],
    names: Sequence[str],
    allowed: Mapping[str, Tolerance],
    progress: Progress | None,
) -> EngineComparison:
    """Return what engines make of a file.  path: as the user named it."""
    found = EngineComparison(name_text(path), [], [])
    done: list[_Done] = []
    places = {
        sheet: {p: i for i, p in enumerate(p for p, c in grid.items() if isinstance(c, Formula))}
        for sheet, grid in file.book.sheets.items()
    }
    runs = WholeRuns()
    unreadable: list[WorkbookError] = []
    for name in names:

        def told(what: str, done: int, total: int, name: str = name) -> None:
            if progress is not None:
                progress(f"{name}: {what}", done, total)

        try:
            calculated, report = _asked(file, name, str(path), allowed, told, runs)
        except (EngineError, WorkbookError) as error:
            if isinstance(error, NoStoredValuesError) and name not in engines:
                found.notes.append(f"the engine '{name}' was not asked: {error}")
                continue
            # Where only some engines find no lesson in it, it is they who cannot calculate it.
            found.runs.append(EngineRun(name, _version(name), error=str(error)))
            unreadable += [error] if isinstance(error, WorkbookError) else []
            continue
        found.runs.append(_run(name, calculated, report))
        # One engine after the other has its room: of the earlier ones the numbers are kept.
        values = {
            sheet: KeptValues(cells, places[sheet])
            for sheet, cells in calculated.calculation.values.items()
        }
        done.append(_Done(name, report, values))
        del calculated, report
        give_back()
    if unreadable and not done:
        raise unreadable[0]
    for both in combinations(done, 2):
        disagreement = _disagreement(both, allowed["run"])
        if disagreement is not None:
            found.disagreements.append(disagreement)
    return found


def _asked(
    file: WorkbookFile,
    engine: str,
    path: str,
    allowed: Mapping[str, Tolerance],
    progress: Progress,
    runs: WholeRuns,
) -> tuple[Calculated, Report]:
    """Return what an engine makes of a file, and what verify makes of that."""
    try:
        opened = recalculate(file, engine, progress)
        return opened, examine(opened, path, allowed, progress, runs)
    except CircularError as error:
        return error.calculated, circular_report(error, path)


def _run(name: str, calculated: Calculated, report: Report) -> EngineRun:
    return EngineRun(
        name,
        calculated.engine_version,
        calculated.seconds,
        report,
        not_finite=not_finite(calculated.calculation.values),
    )


def _version(name: str) -> str:
    try:
        return get_engine(name).version()
    except EngineError:
        return name  # the program is there and cannot even say that


def not_finite(values: Values) -> dict[str, Counter[str]]:
    """Return, per sheet, what an engine calls the values that are no finite numbers."""
    found: dict[str, Counter[str]] = {}
    for sheet, cells in values.items():
        kinds = Counter[str]()
        for value in cells.values():
            if isinstance(value, CellError):
                kinds[value.code] += 1
            elif isinstance(value, Uncomputed):
                kinds["not computed"] += 1
            elif isinstance(value, float) and not np.isfinite(value):
                kinds[str(value)] += 1
        found[sheet] = kinds
    return found


def _disagreement(both: Sequence[_Done], tolerance: Tolerance) -> Disagreement | None:
    """Return the first cell in which two engines have different values, and torch another one.

    Cells that no engine is wrong about are none: what is allowed, or harmless by a rule, is no
    disagreement. Nor are cells that torch knows nothing of, such as a learner's own.
    """
    wrong = [
        {(d.sheet, d.cell): d for d in one.report.differences() if d.check in ("step", "run")}
        for one in both
    ]
    ranks = {sheet.name: (sheet.order, i) for i, sheet in enumerate(both[0].report.sheets)}
    every = (d for found in wrong for d in found.values())
    for difference in sorted(every, key=lambda d: (*ranks[d.sheet], d.order)):
        place = difference.sheet, difference.cell
        cell = _position(difference.cell)
        first, second = (one.values.get(difference.sheet, {}).get(cell) for one in both)
        allowed = max(found[place].allowed or 0.0 for found in wrong if place in found)
        if difference.formula is None or _same(first, second, tolerance, allowed):
            continue
        return Disagreement(
            (both[0].engine, both[1].engine),
            *place,
            difference.quantity,
            difference.step,
            difference.formula,
            (first, second),
            difference.torch_value,
            tuple(d.engine for d, found in zip(both, wrong, strict=True) if place not in found),
        )
    return None


def _position(cell: str) -> Position:
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]), column_number(letters)


def _same(
    a: Scalar | Uncomputed, b: Scalar | Uncomputed, tolerance: Tolerance, allowed: float
) -> bool:
    """Return whether two values are one; ``allowed`` is how far torch's may be off."""
    if kind_of(a) != kind_of(b):
        return False
    if isinstance(a, float) and isinstance(b, float) and np.isfinite(a) and np.isfinite(b):
        return abs(a - b) <= max(allowed, tolerance.around(b))
    return not isinstance(a, str | bool) or a == b
