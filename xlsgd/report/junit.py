"""Reports as JUnit XML, which CI systems show as test results: a tab is a test case."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import combinations

from xlsgd.report.engines import EngineComparison, disagreement_lines
from xlsgd.report.report import Report
from xlsgd.report.terminal import difference_lines

__all__ = ["to_junit"]


def to_junit(
    reports: Sequence[Report],
    failures: Sequence[tuple[str, str]] = (),
    comparisons: Sequence[EngineComparison] = (),
    passed_over: Sequence[tuple[str, str]] = (),
) -> str:
    """Return reports as JUnit XML: a suite per workbook, a case per tab with formulas.

    failures: file and message of the workbooks that could not be checked.
    passed_over: file and reason of those that were not meant; they count as skipped.
    comparisons: of workbooks that were checked with several engines. They get a suite per engine,
        and one with a case per engine and per pair of engines.
    """
    root = ET.Element("testsuites", name="xlsgd verify")
    several = {found.file for found in comparisons}
    for report in reports:
        name = f"{report.file} ({report.engine})" if report.file in several else report.file
        sheets = [sheet for sheet in report.sheets if sheet.looked_at]
        failing = sum(not sheet.ok for sheet in sheets)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(sheets)),
            failures=str(failing),
            errors="0",
        )
        for sheet in sheets:
            case = ET.SubElement(suite, "testcase", classname=name, name=sheet.name)
            if sheet.ok:
                continue
            first = sheet.first_difference
            message = f"{first.sheet}!{first.cell}: {first.reason}" if first else "verdicts differ"
            failure = ET.SubElement(case, "failure", message=_clean(message))
            lines = [line for d in sheet.differences[:20] for line in difference_lines(d)]
            failure.text = _clean("\n".join(lines))
    for found in comparisons:
        _add_comparison(root, found)
    for file, message in failures:
        suite = ET.SubElement(root, "testsuite", name=file, tests="1", failures="0", errors="1")
        case = ET.SubElement(suite, "testcase", classname=file, name="read")
        ET.SubElement(case, "error", message=_clean(message))
    for file, reason in passed_over:
        names = {"name": _clean(file), "tests": "1", "failures": "0", "errors": "0", "skipped": "1"}
        suite = ET.SubElement(root, "testsuite", names)
        case = ET.SubElement(suite, "testcase", classname=_clean(file), name="read")
        ET.SubElement(case, "skipped", message=_clean(reason))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_comparison(root: ET.Element, found: EngineComparison) -> None:
    """Add a suite with a case for every engine that failed and every pair that did not."""
    name = f"{found.file} (engines)"
    failed = [run for run in found.runs if run.error is not None]
    pairs = list(combinations((run.engine for run in found.runs if run.error is None), 2))
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(failed) + len(pairs)),
        failures=str(len(found.disagreements)),
        errors=str(len(failed)),
    )
    for run in failed:
        case = ET.SubElement(suite, "testcase", classname=name, name=run.engine)
        ET.SubElement(case, "error", message=_clean(run.error or ""))
    wrong = {d.engines: d for d in found.disagreements}
    for pair in pairs:
        case = ET.SubElement(suite, "testcase", classname=name, name=" and ".join(pair))
        if pair in wrong:
            first, *more = disagreement_lines(wrong[pair])
            failure = ET.SubElement(case, "failure", message=_clean(first))
            failure.text = _clean("\n".join(more))


def _clean(text: str) -> str:
    """Drop the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)
