"""Reports as JUnit XML, which CI systems show as test results: a tab is a test case."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from xlsgd.report.report import Report
from xlsgd.report.terminal import difference_lines

__all__ = ["to_junit"]


def to_junit(reports: Sequence[Report], failures: Sequence[tuple[str, str]] = ()) -> str:
    """Return reports as JUnit XML: a suite per workbook, a case per tab with formulas.

    failures: file and message of the workbooks that could not be checked.
    """
    root = ET.Element("testsuites", name="xlsgd verify")
    for report in reports:
        sheets = [sheet for sheet in report.sheets if sheet.formulas]
        failing = sum(not sheet.ok for sheet in sheets)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=report.file,
            tests=str(len(sheets)),
            failures=str(failing),
            errors="0",
        )
        for sheet in sheets:
            case = ET.SubElement(suite, "testcase", classname=report.file, name=sheet.name)
            if sheet.ok:
                continue
            first = sheet.first_difference
            message = f"{first.sheet}!{first.cell}: {first.reason}" if first else "verdicts differ"
            failure = ET.SubElement(case, "failure", message=_clean(message))
            lines = [line for d in sheet.differences[:20] for line in difference_lines(d)]
            failure.text = _clean("\n".join(lines))
    for file, message in failures:
        suite = ET.SubElement(root, "testsuite", name=file, tests="1", failures="0", errors="1")
        case = ET.SubElement(suite, "testcase", classname=file, name="read")
        ET.SubElement(case, "error", message=_clean(message))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """Drop the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)
