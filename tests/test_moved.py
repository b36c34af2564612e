"""A formula that goes on down its column is the same whoever moves it: openpyxl is asked too."""

from __future__ import annotations

import openpyxl
import pytest
from openpyxl.formula.translate import Translator

from tests.openers.books import KINDS, kind, xml_of
from xlsgd.base.cells import Formula
from xlsgd.base.moved import moved_down
from xlsgd.xlsx.reader import read_workbook

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.mark.every
@pytest.mark.parametrize(
    "formula",
    [
        "=A1+$B1-C$1*$D$1",
        '=IF(A1="B2",data!C3,"it\'s ""A1""")',
        "=LOG10(A1)+ATAN2(B1,C1)+AB12+Rate2020*x_1",
        "=SUM($A$6:A6)/SUM(B:B)",
        "=AB12!C3+Sheet.A1!B2",
        "=IF(M10=$B$10,L10+1,L10)",
        "=1.5E+3*A1+10^-12",
        "=-A1^2",
    ],
)
def test_moved_as_openpyxl_moves_it(formula: str) -> None:
    moved = moved_down(formula)
    assert moved is not None
    for by in (1, 7, 300):
        assert moved(by) == Translator(formula, "F20").translate_formula(f"F{20 + by}")


@pytest.mark.parametrize(
    "formula", ["='a A1'!B2", "=SUM(1:3)", "=[1]s!A1", "=t[x]", "=A1048577", "={1,2}", "=é1+A1"]
)
def test_what_is_not_plain_is_left_to_others(formula: str) -> None:
    assert moved_down(formula) is None


def test_nothing_looks_beyond_the_sheet() -> None:
    moved = moved_down("=A2+B1048570")
    assert moved is not None
    assert moved(6) == "=A8+B1048576"
    assert moved(7) is None
    assert moved(-2) is None


@pytest.mark.parametrize("name", [n for n in KINDS if n != "sweep"])
def test_shared_formulas_are_read_as_openpyxl_reads_them(name: str) -> None:
    book = read_workbook(kind(name)).book
    shared = sum(
        each.get("t") == "shared"
        for root in xml_of(kind(name), "xl/worksheets/sheet").values()
        for each in root.iter(f"{MAIN}f")
    )
    assert shared > 10
    for sheet in openpyxl.load_workbook(kind(name)).worksheets:
        given = {
            (cell.row, cell.column): cell.value
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
        }
        grid = book.sheets[sheet.title]
        assert {place: c for place, c in grid.items() if isinstance(c, Formula)} == given


def test_no_formula_that_looks_at_another_sheet_is_shared() -> None:
    for root in xml_of(kind("two-neuron"), "xl/worksheets/sheet").values():
        for each in root.iter(f"{MAIN}f"):
            assert each.get("t") is None or "!" not in (each.text or "")
