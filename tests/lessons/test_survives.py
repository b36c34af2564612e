"""Lessons that learners asked for, edited and saved as a learner does: verify passes still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.builders import short_lesson
from tests.verify.books import passes

SAMPLE = ["quadratic", "speed", "relu", "cross-entropy", "embeddings"]
"""They have the tabs slice, bowl, plane, counts, units, curves and pairs."""


@pytest.mark.parametrize("name", SAMPLE)
def test_tabs_in_another_order_groups_opened_and_percent(name: str, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(short_lesson(name))
    workbook._sheets = workbook._sheets[::-1]
    for sheet in workbook.worksheets:
        for group in (*sheet.row_dimensions.values(), *sheet.column_dimensions.values()):
            if group.outlineLevel:
                group.hidden = False
        for row in sheet.iter_rows(min_row=6, max_row=12, max_col=6):
            for cell in row:
                cell.number_format = "0.0%"
    workbook.save(tmp_path / "edited.xlsx")
    assert passes(xlsgd.verify(tmp_path / "edited.xlsx"))


def test_rows_of_data_sorted_by_y(tmp_path: Path) -> None:
    """What is typed in moves along; formulas stay where they are."""
    workbook = openpyxl.load_workbook(short_lesson("quadratic"))
    sheet = workbook["data"]
    names = [cell.value for cell in sheet[4]]
    raw = [names.index(name) + 1 for name in ("x", "curve", "random")]
    rows = range(6, 21)
    typed = sorted(([sheet.cell(r, c).value for c in raw] for r in rows), key=lambda row: -row[1])
    for r, values in zip(rows, typed, strict=True):
        for c, value in zip(raw, values, strict=True):
            sheet.cell(r, c).value = value
    workbook.save(tmp_path / "sorted.xlsx")
    assert passes(xlsgd.verify(tmp_path / "sorted.xlsx"))


@pytest.mark.parametrize("name", SAMPLE)
def test_rows_and_columns_inserted(
    name: str, tmp_path: Path, libreoffice_edit: Callable[..., Path]
) -> None:
    tabs = openpyxl.load_workbook(short_lesson(name), read_only=True).sheetnames
    edits: list[tuple[Any, ...]] = [
        edit
        for tab in tabs
        for edit in (
            ("insert_row", tab, 3),
            ("insert_row", tab, 7),
            ("insert_column", tab, 2),
            ("insert_column", tab, 5),
        )
    ]
    edited = libreoffice_edit(Path(short_lesson(name)), tmp_path / "edited.xlsx", edits)
    assert passes(xlsgd.verify(edited))


@pytest.mark.parametrize("name", SAMPLE)
def test_saved_by_gnumeric(
    name: str, tmp_path: Path, gnumeric_convert: Callable[[Path, Path], Path]
) -> None:
    saved = gnumeric_convert(Path(short_lesson(name)), tmp_path / "saved.xlsx")
    assert passes(xlsgd.verify(saved))
