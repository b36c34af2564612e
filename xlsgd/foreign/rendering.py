"""A report on somebody else's workbook as lines for a terminal, and as plain data."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from xlsgd.base.cells import column_letters
from xlsgd.base.visible import cut, visible
from xlsgd.foreign.findings import FAULTS, CheckReport, Finding, Recognised
from xlsgd.report.findings import BookFindings, TabFindings
from xlsgd.report.json_report import plain
from xlsgd.report.report import name_text
from xlsgd.report.terminal import counted

__all__ = ["SCHEMA", "book_findings", "check_lines", "nothing_judged"]

SCHEMA = "xlsgd.check/1"
"""Name and version: the number grows when a field changes its meaning or goes away."""

_NARROWEST, _WIDEST = 40, 80
_OTHERS = 10
"""Findings after the first one, and remarks, that are told."""
_NAMED = 12
"""Cells that are named in a list."""
_LABEL = 11
DIFFERS = "recalculated it is not what is stored"
NOT_STORED = "the file stores no values to compare them with"


def check_lines(report: CheckReport, width: int | None = None) -> Iterator[str]:
    """Yield the lines of a report.  width: of the terminal, None for none."""
    wide = min(max(width or _WIDEST, _NARROWEST), _WIDEST)
    for line in _lines(report):
        text, deep = (line, 0) if isinstance(line, str) else line
        indent = " " * (deep or len(text) - len(text.lstrip()) + 2)
        yield from textwrap.wrap(
            visible(text),
            wide,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


_Line = str | tuple[str, int]
"""A line, and how far to the right stands what it goes on with."""


def _lines(report: CheckReport) -> Iterator[_Line]:
    findings = report.findings
    yield f"{name_text(report.path)}: {_verdict(report)}"
    yield f"  {_formulas(report)}"
    for training in report.trainings:
        yield ""
        yield from _training_lines(training)
    if findings:
        yield ""
        yield from _finding_lines(findings[0])
    if len(findings) > 1:
        yield ""
        yield "  Wrong as well:"
        yield from (f"    {_in_a_line(each)}" for each in findings[1 : 1 + _OTHERS])
        yield from _more(len(findings) - 1)
    if report.remarks:
        yield ""
        yield "  Remarks, no errors:"
        yield from (f"    {each.place}: {each.words}" for each in report.remarks[:_OTHERS])
        yield from _more(len(report.remarks))
    if report.unjudged:
        yield ""
        yield "  Not judged:"
        for each in report.unjudged[:_OTHERS]:
            more = f" and {each.cells - 1:,} more" if each.cells > 1 else ""
            yield f"    {each.place}{more}: {cut(each.why)}"
        yield from _more(len(report.unjudged))


def _more(number: int) -> Iterator[str]:
    if number > _OTHERS:
        yield f"    … and {number - _OTHERS:,} more (--json FILE has them all)"


def nothing_judged(report: CheckReport) -> str:
    """Return why nothing of a workbook was judged, "" if something was."""
    if report.trainings or report.findings:
        return ""
    return report.what_it_is or (
        "no weights with steps, and no derivatives of a loss, were recognised in it"
    )


def _verdict(report: CheckReport) -> str:
    if report.findings:
        first, more = report.findings[0].place, len(report.findings) - 1
        return f"WRONG, {first}" + (f" first, and {more:,} more" if more else "")
    why = nothing_judged(report)
    if why:
        return f"nothing judged: {why}"
    return "nothing wrong" + (f" ({report.what_it_is})" if report.what_it_is else "")


def _formulas(report: CheckReport) -> str:
    formulas = counted(report.formulas, "formula")
    if not report.formulas:
        return formulas
    if not report.recalculated:
        stored = any(each.why == DIFFERS for each in report.unjudged)
        return f"{formulas}; {'none gives what the file stores' if stored else NOT_STORED}"
    if report.recalculated == report.formulas:
        return f"{formulas}, recalculated to what the file stores"
    return f"{formulas}, {report.recalculated:,} of them recalculated to what the file stores"


def _training_lines(training: Recognised) -> Iterator[_Line]:
    tabs = ", ".join(training.sheets)
    weights = counted(len(training.weights), "weight")
    if training.steps:
        steps = counted(training.steps, "step")
        how = f"{steps} of {training.rule}" if training.rule else f"{steps} by a rule not known"
    else:
        how = "derivatives without steps"
    yield f"  {tabs}: {weights}, {how}"
    here = training.sheets[0] if len(training.sheets) == 1 else ""
    yield _labelled("weights", _named(training.weights, here))
    if training.rate:
        yield _labelled("rate", _short(training.rate, here))
    loss = _short(training.loss, here)
    if training.assumed:
        loss += ", assumed: no cell holds it"
    if training.runner_up:
        loss += f"; next best: {_short(training.runner_up, here)}"
    yield _labelled("loss", loss)
    yield _labelled("judged", _named(training.judged, here) or "nothing")


def _labelled(label: str, text: str) -> _Line:
    return f"    {label:<{_LABEL - 1}} {text}", 4 + _LABEL


def _named(places: Sequence[str], here: str) -> str:
    shown = ", ".join(_short(place, here) for place in places[:_NAMED])
    more = len(places) - _NAMED
    return shown + (f" and {more:,} more" if more > 0 else "")


def _short(words: str, here: str) -> str:
    """Return words without the tab of the cells that they name, if that is where one is."""
    if not here:
        return words
    names = (re.escape(here), re.escape("'" + here.replace("'", "''") + "'"))
    return re.sub(rf"(?<![\w.'])(?:{'|'.join(names)})!", "", words)


def _finding_lines(first: Finding) -> Iterator[_Line]:
    yield f"  First wrong cell: {first.place}"
    if first.formula is not None:
        yield _labelled("formula", cut(first.formula))
    yield _labelled("is to be", first.claim)
    holds, right = _two(first.holds, first.expected)
    yield _labelled("holds", holds)
    yield _labelled("right is", right)
    yield _labelled("nearest", _why(first))
    if first.cells > 1:
        yield _labelled("how many", f"{first.cells:,} cells are wrong in the same way")
    follows = counted(first.follows, "cell")
    text = f"{follows} {'follows' if first.follows == 1 else 'follow'} from it"
    if first.mends is not None:
        these = "it is" if first.cells == 1 else "these are"
        rest = "all is right" if first.mends else "others are still wrong"
        text += f"; once {these} mended, {rest}"
    yield _labelled("then", text)


def _why(finding: Finding) -> str:
    """Return what is wrong in words, with the nearest kind of fault where it says more."""
    kind = FAULTS.get(finding.kind, finding.words)
    if any(part in finding.words for part in kind.split(": ")):
        return finding.words
    return f"{finding.words} ({kind})"


def _in_a_line(finding: Finding) -> str:
    holds, right = _two(finding.holds, finding.expected)
    many = f" ({finding.cells:,} cells)" if finding.cells > 1 else ""
    claim = f", {finding.claim}" if finding.claim.startswith("∂") else ""
    return f"{finding.place}{many}{claim}: {finding.words}; it holds {holds}, right is {right}"


def _two(a: float | None, b: float | None) -> tuple[str, str]:
    """Return two numbers with as many digits as it takes to tell them apart."""
    for digits in range(6, 18):
        texts = tuple("no number" if n is None else f"{n:.{digits}g}" for n in (a, b))
        if texts[0] != texts[1] or digits == 17:
            return texts[0], texts[1]
    raise AssertionError


# As data


def book_findings(report: CheckReport) -> BookFindings:
    """Return a report as formats show it."""
    file = name_text(report.path)
    return BookFindings(file, report.agrees, _data(report), _rows(report), _tabs(report))


def _data(report: CheckReport) -> dict[str, Any]:
    found: dict[str, Any] = plain(
        {
            "file": name_text(report.path),
            "ok": report.agrees,
            "formulas": report.formulas,
            "recalculated": report.recalculated,
            "nothing_judged": nothing_judged(report),
            "what_it_is": report.what_it_is,
            "trainings": [asdict(each) for each in report.trainings],
            "findings": [_finding_data(each) for each in report.findings],
            "remarks": [asdict(each) for each in report.remarks],
            "unjudged": [asdict(each) for each in report.unjudged],
        }
    )
    return found


def _finding_data(finding: Finding) -> dict[str, Any]:
    fields = {name: value for name, value in vars(finding).items() if name != "cell"}
    fault = FAULTS.get(finding.kind, "")
    return {"sheet": fields.pop("sheet"), "cell": _cell(finding), **fields, "fault": fault}


def _cell(finding: Finding) -> str:
    return f"{column_letters(finding.cell.column)}{finding.cell.row}"


def _rows(report: CheckReport) -> list[list[str]]:
    return [
        [
            name_text(report.path), each.sheet, _cell(each), each.kind, each.claim,
            "" if each.holds is None else repr(each.holds),
            "" if each.expected is None else repr(each.expected),
            str(each.cells), visible(each.words), visible(each.formula or ""),
        ]
        for each in report.findings
    ]  # fmt: skip


def _tabs(report: CheckReport) -> list[TabFindings]:
    names = dict.fromkeys(
        (
            *(name for training in report.trainings for name in training.sheets),
            *(finding.sheet for finding in report.findings),
        )
    )
    tabs = []
    for name in names:
        wrong = [each for each in report.findings if each.sheet == name]
        lines = [visible(_in_a_line(each)) for each in wrong]
        tabs.append(TabFindings(name, lines[0] if lines else "", lines[:20]))
    return tabs or [TabFindings("workbook", skipped=nothing_judged(report))]
