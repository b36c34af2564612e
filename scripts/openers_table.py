"""Open all lessons with every program and library, and write the table of docs/engines.md anew.

    python scripts/openers_table.py

It runs the tests of tests/openers/test_programs.py on the lessons as they come, and puts down which
of them pass. All programs must be installed. It takes minutes, so that refresh_docs.py leaves this
table alone; a test says where a lesson or a program is missing in it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from xlsgd.lessons import lesson_plans  # noqa: E402 - the package is beside this folder

__all__ = ["OPENERS", "rows_shown"]

PAGE = ROOT / "docs" / "engines.md"
TESTS = "tests/openers/test_programs.py"
OPENERS = {
    "LibreOffice": "test_libreoffice[whole {}]",
    "Gnumeric": "test_gnumeric[whole {}]",
    "ExcelJS": "test_libraries_in_javascript[whole {}-exceljs]",
    "SheetJS": "test_libraries_in_javascript[whole {}-xlsx]",
    "pandas with openpyxl": "test_pandas[whole {}-openpyxl]",
    "pandas with calamine": "test_pandas[whole {}-calamine]",
    "calamine": "test_calamine[whole {}]",
    "IronCalc": "test_engines_that_read_files_themselves[whole {}-ironcalc-{script}]",
    "formualizer": "test_engines_that_read_files_themselves[whole {}-formualizer-{script}]",
}
"""Names of programs, and the test that opens a lesson with each."""
_MARK = "<!-- results: openers by lessons -->"


def rows_shown() -> dict[str, dict[str, str]]:
    """Return what the page has: for every program a word for every lesson."""
    text = PAGE.read_text(encoding="utf-8").split(_MARK, 1)[1].split("<!-- end -->", 1)[0]
    head, _, *rows = (
        [cell.strip().strip("`") for cell in line.strip("| ").split("|")]
        for line in text.strip().splitlines()
    )
    return {name: dict(zip(head[1:], words, strict=True)) for name, *words in rows}


def _results() -> dict[str, str]:
    """Return what became of the tests, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", TESTS, "-k", "whole", "--junitxml", results],
            cwd=ROOT,
        )
        found = {}
        for case in ElementTree.parse(results).iter("testcase"):
            ends = {each.tag for each in case}
            word = "not tried" if "skipped" in ends else "fails" if ends else "opens"
            found[str(case.get("name"))] = word
    return found


def main() -> None:
    """Write the table."""
    lessons, results = list(lesson_plans()), _results()

    def word(test: str, lesson: str) -> str:
        pattern = re.escape(test.format(lesson, script="SCRIPT")).replace("SCRIPT", ".*")
        return next((w for name, w in results.items() if re.fullmatch(pattern, name)), "not tried")

    lines = [
        "| opens | " + " | ".join(f"`{lesson}`" for lesson in lessons) + " |",
        "|" + " --- |" * (1 + len(lessons)),
        *(
            f"| {name} | " + " | ".join(word(test, lesson) for lesson in lessons) + " |"
            for name, test in OPENERS.items()
        ),
    ]
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_MARK)
    _, end, after = rest.partition("<!-- end -->")
    text = f"{before}{_MARK}\n\n" + "\n".join(lines) + f"\n\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8")
    print(*lines, sep="\n")


if __name__ == "__main__":
    main()
