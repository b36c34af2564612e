"""Open all lessons with every program and library, and write the table of docs/engines.md anew.

    python scripts/openers_table.py

It runs the tests of tests/openers/test_programs.py on all lessons, and puts down which of them
pass. All programs must be installed. It takes minutes, so that refresh_docs.py leaves this
table alone; a test says where a program is missing in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

__all__ = ["COLUMNS", "OPENERS", "rows_shown"]

PAGE = ROOT / "docs" / "engines.md"
TESTS = "tests/openers/test_programs.py"
OPENERS = {
    "LibreOffice": "test_libreoffice[{}]",
    "Gnumeric": "test_gnumeric[{}]",
    "ExcelJS": "test_libraries_in_javascript[{}-exceljs]",
    "SheetJS": "test_libraries_in_javascript[{}-xlsx]",
    "pandas with openpyxl": "test_pandas[{}-openpyxl]",
    "pandas with calamine": "test_pandas[{}-calamine]",
    "calamine": "test_calamine[{}]",
    "IronCalc": "test_engines_that_read_files_themselves[{}-ironcalc]",
    "formualizer": "test_engines_that_read_files_themselves[{}-formualizer]",
}
"""Names of programs, and the test that opens lessons with each."""

COLUMNS = {
    "every lesson": "every lesson, with two epochs",
    "the largest": "`titanic`, as it comes",
}
"""What is opened, in the names of tests and in those of the table."""

_MARK = "<!-- results: openers by lessons -->"


def rows_shown() -> dict[str, dict[str, str]]:
    """Return what the page has: for every program a word for each of COLUMNS."""
    text = PAGE.read_text(encoding="utf-8").split(_MARK, 1)[1].split("<!-- end -->", 1)[0]
    head, _, *rows = (
        [cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().splitlines()
    )
    return {name: dict(zip(head[1:], words, strict=True)) for name, *words in rows}


def _results() -> dict[str, str]:
    """Return what became of the tests, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        tests = [sys.executable, "-m", "pytest", "-q", TESTS, "-k", "every or largest"]
        subprocess.run([*tests, "--junitxml", results], cwd=ROOT)
        found = {}
        for case in ElementTree.parse(results).iter("testcase"):
            ends = {each.tag for each in case}
            word = "not tried" if "skipped" in ends else "fails" if ends else "opens"
            found[str(case.get("name"))] = word
    return found


def main() -> None:
    """Write the table."""
    results = _results()
    lines = [
        "| opens | " + " | ".join(COLUMNS.values()) + " |",
        "|" + " --- |" * (1 + len(COLUMNS)),
    ]
    for name, test in OPENERS.items():
        words = [results.get(test.format(books), "not tried") for books in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(words) + " |")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_MARK)
    _, end, after = rest.partition("<!-- end -->")
    text = f"{before}{_MARK}\n\n" + "\n".join(lines) + f"\n\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8")
    print(*lines, sep="\n")


if __name__ == "__main__":
    main()
