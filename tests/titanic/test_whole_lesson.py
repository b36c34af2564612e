"""The lesson as it comes, twenty epochs of 712 passengers: every cell is compared, and agrees."""

from __future__ import annotations

import pytest

import xlsgd
from tests.builders import default_lesson
from tests.verify.books import passes
from xlsgd.base.cells import Formula
from xlsgd.xlsx.reader import read_workbook


@pytest.mark.wide
def test_every_formula_of_the_lesson_is_compared_and_agrees() -> None:
    path = default_lesson("titanic")
    book = read_workbook(path).book
    formulas = {
        sheet: sum(isinstance(content, Formula) for content in grid.values())
        for sheet, grid in book.sheets.items()
    }
    report = xlsgd.verify(path)
    assert passes(report)
    assert {sheet.name: sheet.cells_compared for sheet in report.sheets} == formulas
    assert {sheet.name: sheet.cells_stored for sheet in report.sheets} == formulas
    assert all(sheet.unchecked == {} for sheet in report.sheets)
    assert report.cells_compared > 300_000
    assert report.notes == []
    verdicts = [sheet.verdict for sheet in report.sheets if sheet.verdict is not None]
    assert len(verdicts) == 3
    assert all(verdict.agree for verdict in verdicts)
