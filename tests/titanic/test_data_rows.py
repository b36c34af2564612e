"""Which rows are passengers: those that the formulas of training look at."""

from __future__ import annotations

from pathlib import Path

import xlsgd
from tests.titanic.books import ROWS, generated
from tests.verify.books import Workbook, edited, header_row, letter_of, passes


def last_row(workbook: Workbook) -> int:
    sheet = workbook["passengers"]
    return header_row(sheet, "Age", "age_n") + 1 + ROWS


def test_the_last_passenger_is_formulas(tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet, row = workbook["passengers"], last_row(workbook)
        for name in ("Survived", "Pclass", "Age", "Fare", "SibSp", "Parch", "Sex", "Embarked"):
            letter = letter_of(sheet, name, "Age", "age_n")
            sheet[f"{letter}{row}"] = f"={letter}{row - 1}"

    path = edited(generated(), tmp_path / "formulas.xlsx", edit)
    assert passes(xlsgd.verify(path))
    assert {tab.rows for tab in xlsgd.explain(path, ["training"]).tabs} == {ROWS}


def test_sums_below_the_passengers(tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet, row = workbook["passengers"], last_row(workbook)
        for cell in list(sheet[row]):
            if cell.value is not None and not isinstance(cell.value, str):
                letter = cell.column_letter
                sheet[f"{letter}{row + 1}"] = f"=AVERAGE({letter}6:{letter}{row})"
        for name in ("age_n", "log_fare", "male", "ones", "sibsp", "parch"):
            letter = letter_of(sheet, name, "Age", "age_n")
            sheet[f"{letter}{row + 1}"] = f"=SUM({letter}6:{letter}{row})"

    path = edited(generated(), tmp_path / "sums.xlsx", edit)
    assert passes(xlsgd.verify(path))


def test_sums_a_row_further_down(tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet, row = workbook["passengers"], last_row(workbook)
        for letter in "BCFGHIJKL":
            sheet[f"{letter}{row + 2}"] = f"=SUM({letter}6:{letter}{row})"
        sheet[f"A{row + 2}"] = "sum"

    assert passes(xlsgd.verify(edited(generated(), tmp_path / "further.xlsx", edit)))
