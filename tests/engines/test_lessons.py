"""Lessons by every engine: all cells agree with torch, or differ by a known habit.

The table of docs/engines.md says the same, cell for cell where the programs are those it was made
with. Anew: python scripts/engines_table.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.engines_table import PAGE, ROOT, counts, rows_shown
from tests.builders import LESSONS, short_lesson
from xlsgd.engines import engine_names, get_engine
from xlsgd.report.engines import EngineComparison, comparison_lines
from xlsgd.verifying.engines import compare_engines

SLOW = ("formulon", "hyperformula")
TRIED = {
    "graddesc": tuple(engine_names()),
    # Here runs explode: errors, and numbers that no two programs have alike.
    "learning-rates": tuple(name for name in engine_names() if name not in SLOW),
    "two-neuron": ("formulas", "gnumeric", "stored"),
    # By the program itself: tests/titanic/test_whole_lesson.py.
    "titanic": ("libreoffice", "stored"),
}
"""The lessons of the table, and which of its rows are verified anew: all of the smallest, and of
the others those in which programs differ."""


def compared(path: Path, engines: tuple[str, ...]) -> EngineComparison:
    """Return what engines say of a workbook: they agree, and not one formula is lost on the way."""
    for name in engines:
        if (missing := get_engine(name).missing()) is not None:
            pytest.skip(f"{name}: {missing}")
    found = compare_engines(path, engines)
    assert found.ok, "\n".join(comparison_lines(found))
    assert [run.engine for run in found.runs] == list(engines)
    for run in found.runs:
        assert run.report is not None
        assert sum(sheet.formulas for sheet in run.report.sheets) == run.report.cells_compared > 0
        assert not any("not computed" in kinds for kinds in run.not_finite.values())
    return found


@pytest.mark.wide  # at first a small workbook: tests/cli/test_engines.py
@pytest.mark.parametrize("lesson", TRIED)
def test_every_engine_agrees_with_torch(lesson: str) -> None:
    found = compared(ROOT / "workbooks" / f"{lesson}.xlsx", TRIED[lesson])
    page, shown = PAGE.read_text(encoding="utf-8"), rows_shown()
    for run in found.runs:
        cells, agree, harmless = counts(run)
        row = shown[lesson, run.engine]
        assert row[0] == cells
        if run.version.partition(",")[0] in page:
            assert row[1:3] == (agree, harmless), run.engine


OTHERS = ["two-neuron", *(n for n in LESSONS if n not in TRIED)]
PROGRAMS = [name for name in engine_names() if name not in ("formulas", "stored")]


@pytest.mark.wide
@pytest.mark.parametrize(
    ("lesson", "program"),
    [(lesson, PROGRAMS[i % len(PROGRAMS)]) for i, lesson in enumerate(OTHERS)],
)
def test_other_lessons_by_one_program_after_the_other(lesson: str, program: str) -> None:
    """Two epochs of each, by the program itself and by another in turn."""
    compared(short_lesson(lesson), ("formulas", program))


def test_the_table_has_every_engine() -> None:
    assert set(rows_shown()) == {(lesson, e) for lesson in TRIED for e in engine_names()}
    assert set(TRIED) <= set(LESSONS)
