"""Every lesson by every engine: all cells agree with torch, or differ by a known habit.

The table of docs/engines.md says the same, cell for cell where the programs are those it was made
with. Anew: python scripts/engines_table.py
"""

from __future__ import annotations

import pytest

from scripts.engines_table import PAGE, ROOT, counts, rows_shown
from tests.builders import LESSONS
from xlsgd.engines import engine_names, get_engine
from xlsgd.report.engines import comparison_lines
from xlsgd.verifying.engines import compare_engines

SLOW = ("formulon", "hyperformula")


@pytest.mark.wide  # at first a small workbook: tests/cli/test_engines.py
@pytest.mark.parametrize("lesson", LESSONS)
def test_every_engine_agrees_with_torch(lesson: str) -> None:
    # On the large lessons some take longer than all others together.
    large = lesson != "graddesc"
    engines = [name for name in engine_names() if not (large and name in SLOW)]
    for name in engines:
        if (missing := get_engine(name).missing()) is not None:
            pytest.skip(f"{name}: {missing}")
    found = compare_engines(ROOT / "workbooks" / f"{lesson}.xlsx", engines)
    assert found.ok, "\n".join(comparison_lines(found))
    assert [run.engine for run in found.runs] == engines
    page, shown = PAGE.read_text(encoding="utf-8"), rows_shown()
    for run in found.runs:
        assert run.report is not None
        # Not one formula is lost on the way through another program.
        assert sum(sheet.formulas for sheet in run.report.sheets) == run.report.cells_compared
        assert not any("not computed" in kinds for kinds in run.not_finite.values())
        cells, agree, harmless = counts(run)
        row = shown[lesson, run.engine]
        assert row[0] == cells
        if run.version.partition(",")[0] in page:
            assert row[1:3] == (agree, harmless), run.engine


def test_the_table_has_every_lesson_and_engine() -> None:
    assert set(rows_shown()) == {(lesson, e) for lesson in LESSONS for e in engine_names()}
