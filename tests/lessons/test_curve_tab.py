"""A tab with a curve and the ways down it: its points, what is typed in, and what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from tests.lessons.reading import column
from xlsgd import verify
from xlsgd.base.errors import WorkbookError
from xlsgd.lessons import Options, get_plan
from xlsgd.lessons.generation import write_lesson
from xlsgd.tabs.curve.plan import ShownCurve


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lesson = get_plan("step-rules").build(Options(epochs=2))
    kept = tuple(view for view in lesson.views if view.id.startswith("dip-"))
    shown = (ShownCurve(("dip-slope", "dip-newton"), -4.0, 4.0, sheet="on dip"),)
    path = tmp_path_factory.mktemp("curve") / "curve.xlsx"
    write_lesson(
        replace(lesson, views=kept, descents=shown, question="", answers=()), path, False, None
    )
    return path


def changed(book: Path, tmp_path: Path, cell: str, value: object) -> Path:
    work = openpyxl.load_workbook(book)
    work["on dip"][cell] = value
    work.save(tmp_path / "changed.xlsx")
    return tmp_path / "changed.xlsx"


def test_its_points_are_those_of_the_function(book: Path) -> None:
    import math

    at, curve = (column(book, "on dip", name, "point", "at") for name in ("at", "curve"))
    assert at == pytest.approx([-4 + 0.1 * i for i in range(81)], abs=1e-12)
    assert curve == pytest.approx([2 - math.exp(-x * x / 2) for x in at], rel=1e-12)
    assert verify(book).ok


def test_other_limits_draw_another_part(book: Path, tmp_path: Path) -> None:
    report = verify(changed(book, tmp_path, "C7", 0.5))
    assert report.ok, report.first_difference


@pytest.mark.parametrize(("cell", "value"), [("H22", 1.5), ("H32", "=2-EXP(-G32)"), ("G11", "=0")])
def test_a_point_elsewhere_is_found(book: Path, tmp_path: Path, cell: str, value: object) -> None:
    report = verify(changed(book, tmp_path, cell, value))
    (sheet,) = [sheet for sheet in report.sheets if sheet.name == "on dip"]
    assert cell in {difference.cell for difference in sheet.differences}
    assert all(other.ok for other in report.sheets if other is not sheet)


def test_a_function_of_no_run_is_refused(book: Path, tmp_path: Path) -> None:
    keys = openpyxl.load_workbook(book)["on dip"]["B"]
    (cell,) = [key.coordinate for key in keys if key.value == "function_of"]
    with pytest.raises(WorkbookError, match=r"function_of.*got 'steep', need one of: dip-slope"):
        verify(changed(book, tmp_path, cell.replace("B", "C"), "steep"))
