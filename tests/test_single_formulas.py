"""A formula entered as an array in one cell, over single cells, is read as what it is."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from xlsgd.base.cells import Formula
from xlsgd.xlsx.reader import read_workbook


@pytest.mark.parametrize(
    ("ref", "text", "read"),
    [
        ("D4", "=(A1-B1)^2", "=(A1-B1)^2"),
        ("D4", '=IF(t!$B$5="a:b",A1,1E-12)', '=IF(t!$B$5="a:b",A1,1E-12)'),
        ("D4", "=MAX('the tab'!A1,-2.5)", "=MAX('the tab'!A1,-2.5)"),
        ("D4", "=SUM(A1:A9*2)", "{=SUM(A1:A9*2)}"),
        ("D4", "=losses*2", "{=losses*2}"),
        ("D4", '=INDIRECT("A1")', '{=INDIRECT("A1")}'),
        ("D4", "={1,2}", "{={1,2}}"),
        ("D4", "=A:A*2", "{=A:A*2}"),
        ("D4:D6", "=A1*2", "{=A1*2}"),
    ],
)
def test_array_formula(tmp_path: Path, ref: str, text: str, read: str) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet["D4"] = ArrayFormula(ref, text)
    path = tmp_path / "array.xlsx"
    workbook.save(path)
    content = read_workbook(path).book.sheets[sheet.title][4, 4]
    assert isinstance(content, Formula)
    assert content == read
