"""A report as lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xlsgd.base.visible import cut, visible
from xlsgd.report.report import Difference, Report, SheetReport, value_text

__all__ = ["counted", "difference_lines", "report_lines"]


def report_lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report; of every tab the first differing cell is described."""
    yield from map(visible, _report_lines(report))


def _report_lines(report: Report) -> Iterator[str]:
    state = "agrees with torch" if report.ok else "DIFFERS"
    yield f"{report.file}: {state}  ({report.engine_version}, {report.torch_version})"
    for sheet in report.sheets:
        if sheet.verdict is not None or sheet.looked_at:
            yield from _sheet_lines(sheet)
    for note in report.notes:
        yield f"  note: {cut(note, 2000)}"
    total = sum(sheet.formulas for sheet in report.sheets)
    unchecked = sum(len(sheet.unchecked) for sheet in report.sheets)
    yield (
        f"  {total:,} formula cells: {report.cells_compared:,} compared with torch, "
        f"{unchecked:,} not checked; {counted(report.cells_differing, 'cell')} "
        f"{'differs' if report.cells_differing == 1 else 'differ'}"
    )


def counted(number: int, thing: str) -> str:
    """Return ``1 cell``, ``2 cells``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _sheet_lines(sheet: SheetReport) -> Iterator[str]:
    mark = "ok  " if sheet.ok else "FAIL"
    off, relative = sheet.greatest_off, sheet.greatest_relative
    greatest = ""
    if off is not None and relative is not None:
        greatest = (
            f", greatest difference {off.value:.2g} in {off.cell}, "
            f"relative {relative.value:.2g} in {relative.cell}"
        )
    compared = counted(sheet.cells_compared, "cell")
    differ = "differs" if sheet.cells_differing == 1 else "differ"
    yield (
        f"  {mark} {sheet.name}: {compared} compared, {sheet.cells_differing:,} {differ}{greatest}"
    )
    verdict = sheet.verdict
    if verdict is not None:
        where = f" (cell {verdict.cell})" if verdict.cell else ""
        if verdict.rule is not None:
            says = f"torch says: {verdict.torch}{where}; harmless ({verdict.rule})"
            yield f"       {verdict.sheet}; {says}"
        elif verdict.agree and not sheet.ok:
            # Not "torch agrees": here is a tab of which torch has other numbers.
            yield f"       {verdict.sheet}{where}, in torch too"
        elif verdict.agree:
            yield f"       {verdict.sheet}{where}; torch agrees"
        else:
            yield f"       {verdict.sheet}; torch says: {verdict.torch}{where}"
    if sheet.horizon:
        yield f"       {sheet.horizon}"
    if sheet.first_difference is not None:
        for line in difference_lines(sheet.first_difference):
            yield f"       {line}"
    if len(sheet.differences) > 1:
        yield f"       … and {len(sheet.differences) - 1:,} more (xlsgd diff lists them)"
    if sheet.cells_following:
        following = counted(sheet.cells_following, "cell")
        yield f"       {following} further on went another way from there"
    for rule, found in sheet.harmless.items():
        names = ", ".join(d.cell for d in found[:3]) + (", …" if len(found) > 3 else "")
        yield f"       harmless: {counted(len(found), 'cell')} ({names}), rule: {rule}"
    for reason, count in Counter(sheet.unchecked.values()).items():
        cells = [cell for cell, why in sheet.unchecked.items() if why == reason]
        shown = ", ".join(cells[:3]) + (", …" if count > 3 else "")
        yield f"       not checked: {counted(count, 'cell')} ({shown}): {reason}"


def difference_lines(difference: Difference) -> Iterator[str]:
    """Yield the lines that describe one wrong cell."""
    d = difference
    step = f", step {d.step}" if d.step is not None else ""
    quantity = f" ({d.quantity}{step})" if d.quantity else ""
    yield f"{d.sheet}!{d.cell}{quantity}: {cut(d.reason, 2000)}  [{d.check}]"
    if d.formula is not None:
        yield f"  formula {d.formula[:200]}"
    if d.torch_value is not None:
        other = "recalculated" if d.check == "stored" else "torch"
        here = "stored" if d.check == "stored" else "sheet"
        values = cut(value_text(d.sheet_value)), cut(value_text(d.torch_value))
        text = f"  {here} {values[0]}  {other} {values[1]}"
        if d.off is not None and d.allowed is not None:
            text += f"  off {d.off:.3g}, allowed {d.allowed:.3g}"
        yield text
