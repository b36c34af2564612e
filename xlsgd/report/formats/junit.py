"""Reports as JUnit XML, which CI systems show as test results: a tab is a test case."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import combinations

from xlsgd.report.engines import EngineComparison, disagreement_lines
from xlsgd.report.findings import AllFindings
from xlsgd.report.formats.format import Format
from xlsgd.report.outcome import Outcome
from xlsgd.report.terminal import difference_lines

__all__ = ["FORMAT", "Junit"]


class Junit(Format):
    """JUnit XML: a suite a workbook, a case a tab with formulas.

    Workbooks that were passed over count as skipped. One that was checked with several engines gets
    a suite an engine, and one with a case for every engine and every pair of engines.
    """

    name = "junit"
    title = "JUnit XML"
    order = 2

    def outcome(self, found: Outcome) -> str:
        root = ET.Element("testsuites", name="xlsgd verify")
        several = {each.file for each in found.comparisons}
        for report in found.reports:
            name = f"{report.file} ({report.engine})" if report.file in several else report.file
            sheets = [sheet for sheet in report.sheets if sheet.looked_at]
            suite = _suite(root, name, len(sheets), sum(not sheet.ok for sheet in sheets))
            for sheet in sheets:
                first = sheet.first_difference
                wrong = "verdicts differ"
                if first is not None:
                    wrong = f"{first.sheet}!{first.cell}: {first.reason}"
                lines = [line for d in sheet.differences[:20] for line in difference_lines(d)]
                _case(suite, name, sheet.name, None if sheet.ok else "failure", wrong, lines)
        for comparison in found.comparisons:
            _add_comparison(root, comparison)
        return _whole(root, found.failures, found.passed_over)

    def findings(self, found: AllFindings) -> str:
        root = ET.Element("testsuites", name="xlsgd check")
        for book in found.books:
            file, tabs = _clean(book.file), book.tabs
            suite = _suite(root, file, len(tabs), sum(bool(tab.wrong) for tab in tabs))
            if skipped := sum(bool(tab.skipped) for tab in tabs):
                suite.set("skipped", str(skipped))
            for tab in tabs:
                kind = "failure" if tab.wrong else "skipped" if tab.skipped else None
                _case(suite, file, _clean(tab.name), kind, tab.wrong or tab.skipped, tab.more)
        return _whole(root, found.failures, found.passed_over)


def _whole(
    root: ET.Element, failures: Sequence[tuple[str, str]], passed_over: Sequence[tuple[str, str]]
) -> str:
    """Return a document, with suites for the files of which there is no more to tell."""
    for file, message in failures:
        _case(_suite(root, file, 1, errors=1), file, "read", "error", message)
    for file, reason in passed_over:
        file = _clean(file)
        _case(_suite(root, file, 1, skipped="1"), file, "read", "skipped", reason)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(
    root: ET.Element, name: str, tests: int, failures: int = 0, errors: int = 0, **more: str
) -> ET.Element:
    counts = {"tests": str(tests), "failures": str(failures), "errors": str(errors)}
    return ET.SubElement(root, "testsuite", {"name": name, **counts, **more})


def _case(
    suite: ET.Element, of: str, name: str, kind: str | None, message: str, more: Sequence[str] = ()
) -> None:
    """Add a case.  kind: what became of it, None if all is well.   more: lines of detail."""
    case = ET.SubElement(suite, "testcase", classname=of, name=name)
    if kind is not None:
        said = ET.SubElement(case, kind, message=_clean(message))
        said.text = _clean("\n".join(more)) or None


def _add_comparison(root: ET.Element, found: EngineComparison) -> None:
    """Add a suite with a case for every engine that failed and every pair that did not."""
    name = f"{found.file} (engines)"
    failed = [run for run in found.runs if run.error is not None]
    pairs = list(combinations((run.engine for run in found.runs if run.error is None), 2))
    suite = _suite(root, name, len(failed) + len(pairs), len(found.disagreements), len(failed))
    for run in failed:
        _case(suite, name, run.engine, "error", run.error or "")
    wrong = {d.engines: [*disagreement_lines(d)] for d in found.disagreements}
    for pair in pairs:
        first, *more = wrong.get(pair, [""])
        _case(suite, name, " and ".join(pair), "failure" if pair in wrong else None, first, more)


def _clean(text: str) -> str:
    """Drop the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)


FORMAT = Junit()
