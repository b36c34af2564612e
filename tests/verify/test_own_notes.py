"""What a learner adds beside the tables is left alone, and said to be unchecked where it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

import xlsgd
from tests.verify.books import (
    ROWS,
    Workbook,
    edited,
    field_cell,
    letter_of,
    packed,
    part_name,
    parts_of,
    passes,
    step_cell,
    steps_rows,
)
from xlsgd.report import Report, SheetReport

Make = Callable[..., Path]
Edit = Callable[..., Path]


def tab_of(report: Report, name: str) -> SheetReport:
    """Return the report of a tab."""
    return next(sheet for sheet in report.sheets if sheet.name == name)


def test_notes_are_no_part_of_anything(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        last = sheet.max_column
        for row in range(1, 80, 3):
            sheet.cell(row, last + 2, f"note {row}")
            sheet.cell(row, last + 3, row / 7)
        sheet["N20"] = "what is this?"
        sheet.cell(sheet.max_row + 20, 1, "the end")
        workbook["data"]["E6"] = "an outlier?"
        workbook["data"]["D3"] = 12.5
        workbook["lesson"]["D30"] = "read"
        workbook["compare"]["L3"] = "adam is faster"
        workbook["compare"]["L4"] = "=1+1"

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_words_of_the_table_in_notes(small: Path, target: Path) -> None:
    # To the right of the tables and below: the first of a name is the table's.
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        last = sheet.max_column
        for place, word in enumerate(("loss", "step", "epoch", "pred", "verdict", "xlsgd")):
            sheet.cell(4, last + 2 + place, word)
            sheet.cell(60, last + 2 + place, word)
            sheet.cell(100 + place, 1, word)

    assert passes(xlsgd.verify(edited(small, target, edit)))


COMPUTED = (
    *("=S6/2", "=SUM(S6:S29)", "=SUM(S:S)", '=IF(S6>1,"big","")', '=""', "=learning_rate*2"),
    *("=1/0", "=data!A6+sgd!B2", "=RAND()", "=NOW()", "=TODAY()-1", "=#REF!+1", "=nosheet!A1"),
    *("=noname", "=A1048576+XFD1", "=SUMPRODUCT((S6:S29>100)*1)", '=TEXT(S6,"0.00")', "=TRUE"),
)
NOT_COMPUTED = (
    *("=NOSUCHFUNCTION(S6)", "=SPARKLINE(S6:S29)", "=[1]Sheet1!$A$1", "=Table1[loss]", "=S6+"),
    *("=S6:S29", '=INDIRECT("S6")', '=HYPERLINK("#adam!A1","adam")'),
)


def test_own_formulas_are_listed_with_the_reason(make: Make, target: Path) -> None:
    cells = {}

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        column = sheet.max_column + 2
        sheet.cell(4, column, "mine")
        for row, formula in enumerate((*COMPUTED, *NOT_COMPUTED), 6):
            cells[sheet.cell(row, column, formula).coordinate] = formula
        circle = sheet.cell(80, column)
        circle.value = f"={circle.coordinate}+1"
        cells[circle.coordinate] = circle.value

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    tab = tab_of(report, "sgd")
    assert tab.unchecked.keys() == cells.keys()
    for cell, formula in cells.items():
        assert "not one of xlsgd's fields or columns" in tab.unchecked[cell]
        assert ("not computed" in tab.unchecked[cell]) == (formula not in COMPUTED)
    assert tab.cells_compared + len(cells) == tab.formulas


def test_own_array_formula_and_what_if_table(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        loss = f"{step_cell(sheet, 'loss', 0)}:{step_cell(sheet, 'loss', -1)}"
        sheet["CZ6"] = ArrayFormula("CZ6", f"=SUM({loss}*2)")
        sheet["CZ8"] = ArrayFormula("CZ8:CZ10", f"={step_cell(sheet, 'loss', 0)}*2")
        rate = field_cell(sheet, "learning_rate")
        sheet["DB6"] = DataTableFormula("DB6:DB8", r1=rate, dt2D=False, dtr=False)

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    assert {"CZ6", "CZ8", "DB6"} == tab_of(report, "sgd").unchecked.keys()


@pytest.mark.parametrize("gap", [1, 2, 5])
def test_own_sums_below_the_table(make: Make, target: Path, gap: int) -> None:
    # Where a spreadsheet puts a sum when you press the button for it.
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        for quantity in ("step", "epoch", "y", "loss", "grad.a"):
            first, last = (step_cell(sheet, quantity, place) for place in (0, -1))
            letter = letter_of(sheet, quantity, "step", "loss")
            below[f"{letter}{steps_rows(sheet)[-1] + gap}"] = f"=AVERAGE({first}:{last})"
        for cell, formula in below.items():
            sheet[cell] = formula

    below: dict[str, str] = {}
    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    assert tab_of(report, "sgd").unchecked.keys() == below.keys()


def test_own_number_far_below_the_table(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[f"{letter_of(sheet, 'loss', 'step')}500"] = 12.5

    assert passes(xlsgd.verify(edited(make("sgd"), target, edit)))


def test_own_sums_below_the_other_tables(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        workbook["sgd"]["Q70"] = "=AVERAGE(Q17:Q20)"
        workbook["compare"]["C60"] = "=SUM(C41:C44)"
        workbook["data"]["A14"] = "=AVERAGE(A6:A11)"
        workbook["data"]["A13"] = "mean"

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_note_and_mean_below_both_columns_of_data(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        workbook["data"]["A13"] = "mean of x"
        workbook["data"]["B13"] = "mean of y"
        workbook["data"]["A14"] = "=AVERAGE(A6:A11)"
        workbook["data"]["B14"] = "=AVERAGE(B6:B11)"

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_own_column_of_formulas_saved_by_libreoffice(
    make: Make, formulas: Workbook, target: Path, libreoffice_edit: Edit
) -> None:
    edits: list[tuple[object, ...]] = []
    loss, rows = letter_of(formulas["sgd"], "loss", "step"), steps_rows(formulas["sgd"])
    for row in rows:
        edits.append(("set_formula", "sgd", f"CZ{row}", f'=IF({loss}{row}>100,"big","")'))
        edits.append(("set_formula", "sgd", f"DA{row}", f"=SUM({loss}${rows[0]}:{loss}{row})"))
    for cell, formula in {
        "DB6": "=RAND()", "DB7": "=NOW()", "DB8": "=TODAY()", "DB9": "=ISPMT(0.1,1,3,8000)",
        "DB10": "=1/0", "DB11": f"={loss}{rows[0]}>{loss}{rows[1]}",
        "DB12": '=CONCAT("a","b")', "DB13": "=NA()",
    }.items():  # fmt: skip
        edits.append(("set_formula", "sgd", cell, formula))
    path = libreoffice_edit(make("sgd"), target, edits)
    report = xlsgd.verify(path)
    assert passes(report)
    assert len(tab_of(report, "sgd").unchecked) == 2 * ROWS + 8
    assert report.notes == []


# Tabs


def test_own_tabs(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        mine = workbook.create_sheet("my notes", 0)
        mine["A1"], mine["B1"] = "xlsgd", "is nice"
        mine["A2"] = "=sgd!B2"
        mine["A3"] = "=NOSUCHFUNCTION(1)"
        mine["XFD1048576"] = "=1+1"
        workbook.create_chartsheet("a chart")
        workbook.create_sheet("empty")

    report = xlsgd.verify(edited(small, target, edit))
    assert passes(report)
    mine = tab_of(report, "my notes")
    assert mine.kind == "other"
    assert mine.unchecked.keys() == {"A2", "A3", "XFD1048576"}
    assert all("none of xlsgd's training tabs" in why for why in mine.unchecked.values())


def test_lesson_and_compare_may_go(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        del workbook["lesson"]
        del workbook["compare"]

    report = xlsgd.verify(edited(small, target, edit))
    assert passes(report)
    assert [sheet.name for sheet in report.sheets] == ["data", "sgd", "adam", "surface"]


@pytest.mark.parametrize("name", [None, "sgd-faster"], ids=["not named", "named"])
def test_a_tab_copied_to_try_another_rate(small: Path, target: Path, name: str | None) -> None:
    def edit(workbook: Workbook) -> None:
        copy = workbook.copy_worksheet(workbook["sgd"])
        copy.title = "sgd faster"
        copy[field_cell(copy, "experiment")] = name or "sgd"
        copy[field_cell(copy, "learning_rate")] = 0.0003

    report = xlsgd.verify(edited(small, target, edit))
    assert passes(report)
    assert tab_of(report, "sgd faster").cells_compared == tab_of(report, "sgd").cells_compared


def test_tabs_in_another_order(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        workbook._sheets.reverse()

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_hidden_rows_columns_and_tabs(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        workbook["sgd"].row_dimensions[10].hidden = True
        workbook["sgd"].column_dimensions["T"].hidden = True
        workbook["data"].sheet_state = "hidden"

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_a_lonely_value_in_the_last_cell(small: Path, target: Path) -> None:
    parts = parts_of(small)
    for tab, cell in (
        ("sgd", b"<v>1</v>"), ("adam", b"<f>K6+1</f><v>2</v>"), ("data", b"<v>3</v>"),
        ("compare", b"<f>SUM(A1:XFD1048575)*0</f><v>0</v>"), ("lesson", b"<v>4</v>"),
    ):  # fmt: skip
        name = part_name(small, tab)
        row = b'<row r="1048576"><c r="XFD1048576">%b</c></row></sheetData>' % cell
        parts[name] = parts[name].replace(b"</sheetData>", row, 1)
    report = xlsgd.verify(packed(parts, target))
    assert passes(report)
    assert tab_of(report, "adam").unchecked.keys() == {"XFD1048576"}
