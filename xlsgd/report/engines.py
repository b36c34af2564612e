"""What several engines make of one workbook, side by side: plain data, and lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from xlsgd.report.report import Report, SheetReport, Value, value_text
from xlsgd.report.terminal import counted

__all__ = [
    "Disagreement",
    "EngineComparison",
    "EngineRun",
    "agreeing",
    "comparison_lines",
    "disagreement_lines",
    "kinds_text",
]


@dataclass
class EngineRun:
    """One engine and one workbook.

    version: what calculated.   seconds: how long that took.
    report: what verify found; None where the engine failed, and then error says why.
    not_finite: per sheet, how many cells the engine calls #NUM!, inf and so on.
    """

    engine: str
    version: str
    seconds: float | None = None
    report: Report | None = None
    error: str | None = None
    not_finite: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Disagreement:
    """The first cell in order of calculation in which two engines have different values.

    engines, values: of the one and the other.   torch_value: what torch has.
    agree_with_torch: the engines of the two that have what torch has: one or none.
    """

    engines: tuple[str, str]
    sheet: str
    cell: str
    quantity: str
    step: int | None
    formula: str | None
    values: tuple[Value, Value]
    torch_value: Value
    agree_with_torch: tuple[str, ...]


@dataclass
class EngineComparison:
    """What the engines make of one workbook.

    notes: what else one should know, such as an engine that was not asked.
    """

    file: str
    runs: list[EngineRun]
    disagreements: list[Disagreement]
    notes: list[str] = field(default_factory=list)

    @property
    def reports(self) -> list[Report]:
        """What verify found, for every engine that did not fail."""
        return [run.report for run in self.runs if run.report is not None]

    def without_tables(self) -> EngineComparison:
        """Return the comparison without all that was compared with torch."""
        runs = [run if (r := run.report) is None else replace(run, report=r.without_tables())
                for run in self.runs]  # fmt: skip
        return replace(self, runs=runs)

    @property
    def failed(self) -> bool:
        """Whether an engine could not be used."""
        return any(run.report is None for run in self.runs)

    @property
    def ok(self) -> bool:
        """Whether all engines agree with torch, and so with each other."""
        return not self.failed and not self.disagreements and all(r.ok for r in self.reports)


def agreeing(sheet: SheetReport) -> int:
    """Return in how many formula cells of a tab an engine agrees with torch to within tolerance.

    Those that differ by a known habit are not among them.
    """
    off = [*sheet.differences, *(d for found in sheet.harmless.values() for d in found)]
    wrong = sum(d.formula is not None and d.check in ("step", "run") for d in off)
    return sheet.cells_compared - wrong - sheet.cells_following


# For a terminal

_HEADERS = (
    "engine", "sheet", "cells", "agree", "harmless", "greatest difference", "not finite", "time",
)  # fmt: skip
_RIGHT = {2, 3, 4, 7}


def comparison_lines(found: EngineComparison, width: int | None = None) -> Iterator[str]:
    """Yield the lines of a comparison: a table engine × sheet, then who disagrees and where.

    width: columns of a terminal; a table that is wider becomes a sentence a row.
    """
    state = "all agree with torch" if found.ok else "DIFFERS"
    names = ", ".join(dict.fromkeys(run.version for run in found.runs if run.report is not None))
    torch = "".join(f", {report.torch_version}" for report in found.reports[:1])
    yield f"{found.file}: {state}  ({names}{torch})"
    rows = [_HEADERS, *(row for run in found.runs for row in table_rows(run))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADERS))]
    wide = width is not None and 2 + sum(widths) + 2 * (len(widths) - 1) > width
    for row in rows[1:] if wide else ():
        said = (f"{name} {text}" for name, text in zip(_HEADERS, row, strict=True) if text)
        yield f"  {', '.join(said)}"
    for row in () if wide else rows:
        cells = (
            text.rjust(width) if i in _RIGHT else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {'  '.join(cells)}".rstrip()
    for run in found.runs:
        if run.error is not None:
            yield f"  {run.engine}: {run.error}"
        for sheet in [] if run.report is None else run.report.sheets:
            for rule, cells_found in sheet.harmless.items():
                count = counted(len(cells_found), "cell")
                yield f"  {run.engine}: {sheet.name}: {count} harmless, rule: {rule}"
            first = sheet.first_difference
            if first is not None:
                more = len(sheet.differences) - 1
                yield (
                    f"  {run.engine}: {first.sheet}!{first.cell} {first.reason}"
                    f"{f' … and {more:,} more' if more else ''}"
                )
            elif sheet.verdict is not None and not sheet.verdict.agree:
                yield (
                    f"  {run.engine}: {sheet.name} says: {sheet.verdict.sheet}; "
                    f"torch says: {sheet.verdict.torch}"
                )
    for disagreement in found.disagreements:
        yield from (f"  {line}" for line in disagreement_lines(disagreement))
    for note in found.notes:
        yield f"  note: {note}"


def table_rows(run: EngineRun) -> list[tuple[str, ...]]:
    """Return a run's rows of the table, one for every tab with formulas."""
    if run.report is None:
        return [(run.engine, "failed", "", "", "", "", "", "")]
    rows: list[tuple[str, ...]] = []
    for sheet in run.report.sheets:
        if not sheet.looked_at:
            continue
        off = sheet.greatest_off
        rows.append(
            (
                run.engine,
                sheet.name,
                f"{sheet.cells_compared:,}",
                f"{agreeing(sheet):,}",
                f"{sheet.cells_harmless:,}",
                "" if off is None else f"{off.value:.2g} in {off.cell}",
                kinds_text(run.not_finite.get(sheet.name, {})),
                "" if rows or run.seconds is None else f"{run.seconds:.2f} s",
            )
        )
    return rows


def kinds_text(kinds: Mapping[str, int]) -> str:
    """Return ``#NUM! 3, inf 2``."""
    return ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))


def disagreement_lines(found: Disagreement) -> Iterator[str]:
    """Yield the lines that say where two engines disagree, and which of them is right."""
    step = "" if found.step is None else f", step {found.step}"
    first, second = found.engines
    right = f"{found.agree_with_torch[0]} agrees" if found.agree_with_torch else "neither agrees"
    yield (
        f"{first} and {second} disagree, first in {found.sheet}!{found.cell} "
        f"({found.quantity}{step}): {right} with torch"
    )
    if found.formula is not None:
        yield f"  formula {found.formula[:200]}"
    values = zip(found.engines, found.values, strict=True)
    shown = "  ".join(f"{engine} {value_text(value)}" for engine, value in values)
    yield f"  {shown}  torch {value_text(found.torch_value)}"
