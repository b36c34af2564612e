"""Verify lessons by all engines, and write the table of docs/engines.md anew.

    python scripts/engines_table.py [LESSON ...]

All engines must be installed. It takes minutes, so that refresh_docs.py leaves this table alone;
tests/engines/test_lessons.py verifies some of it and fails where the table says something else.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from xlsgd.engines import engine_names  # noqa: E402 - the package is beside this folder
from xlsgd.report.engines import EngineComparison, EngineRun, agreeing, kinds_text  # noqa: E402
from xlsgd.verifying.engines import compare_engines  # noqa: E402

__all__ = ["PAGE", "ROOT", "counts", "lesson_rows", "rows_shown"]

PAGE = ROOT / "docs" / "engines.md"
HEADERS = (
    "lesson", "engine", "cells", "agree", "harmless", "greatest difference", "not finite", "time",
)  # fmt: skip
_MARK = "<!-- results: lessons by engines -->"
_ROW = re.compile(r"^\| `([\w-]+)` \| `(\w+)` \| (.*) \|$")


def lesson_rows(lesson: str, found: EngineComparison) -> Iterator[tuple[str, ...]]:
    """Yield a lesson's rows of the table, one for every engine."""
    for run in found.runs:
        cells, agree, harmless = counts(run)
        yield (
            f"`{lesson}`",
            f"`{run.engine}`",
            cells,
            agree,
            harmless,
            _greatest(run),
            kinds_text(sum(run.not_finite.values(), Counter())) or "none",
            "" if run.seconds is None else f"{run.seconds:.1f} s",
        )


def counts(run: EngineRun) -> tuple[str, str, str]:
    """Return cells compared, cells that agree, and harmless ones by their rules, as shown."""
    assert run.report is not None, run.error
    rules = Counter[str]()
    for sheet in run.report.sheets:
        rules.update({rule: len(cells) for rule, cells in sheet.harmless.items()})
    harmless = ", ".join(f"{count:,} {rule}" for rule, count in sorted(rules.items()))
    agree = sum(map(agreeing, run.report.sheets))
    return f"{run.report.cells_compared:,}", f"{agree:,}", harmless or "none"


def _greatest(run: EngineRun) -> str:
    """Return the greatest difference in a tab whose run does not explode, with its cell."""
    assert run.report is not None
    exploded = {
        sheet.name
        for sheet in run.report.sheets
        if sheet.verdict is not None and sheet.verdict.kind == "exploded"
    }
    found = [
        (sheet.greatest_off.value, f"{sheet.name}!{sheet.greatest_off.cell}")
        for sheet in run.report.sheets
        if sheet.greatest_off is not None and sheet.kind == "training"
        if sheet.name not in exploded
    ]
    value, cell = max(found)
    return f"{value:.1g} in {cell}"


def rows_shown() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the rows that the page shows, by lesson and engine."""
    text = PAGE.read_text(encoding="utf-8")
    rows = map(_ROW.match, text[text.index(_MARK) :].splitlines())
    return {(row[1], row[2]): tuple(row[3].split(" | ")) for row in rows if row}


def main() -> None:
    shown = rows_shown()
    lessons = sys.argv[1:] or list(dict.fromkeys(lesson for lesson, _ in shown))
    versions: list[str] = []
    for lesson in lessons:
        found = compare_engines(ROOT / "workbooks" / f"{lesson}.xlsx")
        if not found.ok:
            raise SystemExit(f"{lesson}: the engines do not agree; see xlsgd verify --engine all")
        for row in lesson_rows(lesson, found):
            shown[row[0].strip("`"), row[1].strip("`")] = row[2:]
        versions = [r.version.partition(",")[0] for r in found.runs]
        print(f"{lesson}: {len(found.runs)} engines agree with torch")
    known = list(dict.fromkeys(lesson for lesson, _ in shown))
    lines = [_line(HEADERS), _line(["---"] * len(HEADERS))]
    order = engine_names()
    for lesson, engine in sorted(shown, key=lambda key: (known.index(key[0]), order.index(key[1]))):
        lines.append(_line((f"`{lesson}`", f"`{engine}`", *shown[lesson, engine])))
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_MARK)
    after = rest[rest.index("<!-- end -->") :]
    made = f"Made with {', '.join(versions)}."
    PAGE.write_text("\n".join([before + _MARK, "", *lines, "", made, "", after]), encoding="utf-8")


def _line(cells: object) -> str:
    assert isinstance(cells, tuple | list)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
