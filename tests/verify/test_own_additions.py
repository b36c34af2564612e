"""A learner's own columns, sums, copies and moved fields are no part of what is checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests.verify.books import (
    SIX_POINTS,
    Workbook,
    edited,
    field_cell,
    first_wrong,
    header_row,
    letter_of,
    passes,
    step_cell,
)
from xlsgd import Dataset
from xlsgd.base.errors import WorkbookError
from xlsgd.data.passengers import made_passengers

Make = Callable[..., Path]
Edit = Callable[[Workbook], None]

NOT_CHECKED = "tab '{}' is a copy of '{}', which is checked; the copy is not"

TWO_INPUTS = Dataset(
    "two inputs",
    {"x1": (0.7, -1.3, 2.1, 0.4), "x2": (1.1, 0.2, -0.6, 1.7)},
    (0.5, -0.4, 1.9, 0.8),
)


@pytest.fixture(scope="module")
def titanic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("titanic") / "titanic.xlsx"
    return xlsgd.generate("titanic", path, data=made_passengers(12), epochs=1)


@pytest.fixture(scope="module")
def rates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rates") / "rates.xlsx"
    return xlsgd.generate("learning-rates", path, data=SIX_POINTS, epochs=1)


# Columns beside the data


@pytest.mark.parametrize("letter", ["C", "D"], ids=["beside", "apart"])
@pytest.mark.parametrize("content", ["=A{}^2", "{}", None], ids=["formulas", "numbers", "none"])
def test_a_column_of_ones_own_headed_x2(
    make: Make, target: Path, letter: str, content: str | None
) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["data"]
        header = header_row(sheet, "x", "y")
        sheet[f"{letter}{header}"] = "x2"
        rows = range(header + 1, header + 1 + SIX_POINTS.rows) if content else [header + 1]
        for row in rows:
            text = (content or "{}").format(row)
            sheet[f"{letter}{row}"] = text if text.startswith("=") else float(text)

    assert passes(xlsgd.verify(edited(make("sgd"), target, edit)))


def test_a_third_column_beside_two_inputs(tmp_path: Path, target: Path) -> None:
    from tests.builders import experiment_of, write_experiments

    net = experiment_of("Linear(2, 1)", data=TWO_INPUTS)
    source = write_experiments(tmp_path / "two.xlsx", net, data=TWO_INPUTS)

    def edit(workbook: Workbook) -> None:
        sheet = workbook["data"]
        header = header_row(sheet, "x1", "x2", "y")
        sheet[f"E{header}"] = "x3"
        sheet[f"E{header + 1}"] = 5

    assert passes(xlsgd.verify(source))
    assert passes(xlsgd.verify(edited(source, target, edit)))


# Copies


def copied(tab: str, name: str) -> Edit:
    def edit(workbook: Workbook) -> None:
        workbook.copy_worksheet(workbook[tab]).title = name

    return edit


def test_the_data_copied(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        copied("data", "data before")(workbook)
        workbook["data before"]["A6"] = 1000
        workbook.move_sheet("data before", -len(workbook.sheetnames))

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    assert (
        "tab 'data before' is a copy of 'data', which is checked; the copy is not" in report.notes
    )


@pytest.mark.parametrize("tab", ["model", "matrix", "passengers"])
@pytest.mark.parametrize("first", [False, True], ids=["behind", "in front"])
def test_a_tab_of_titanic_copied(titanic: Path, target: Path, tab: str, first: bool) -> None:
    def edit(workbook: Workbook) -> None:
        copied(tab, "my copy")(workbook)
        if first and tab != "matrix":
            workbook.move_sheet("my copy", -len(workbook.sheetnames))

    report = xlsgd.verify(edited(titanic, target, edit))
    assert passes(report)
    assert NOT_CHECKED.format("my copy", tab) in report.notes


# Sums and moved fields


@pytest.mark.parametrize("gap", [1, 2])
@pytest.mark.parametrize("of", ["inputs", "all"])
def test_sums_below_the_passengers(titanic: Path, target: Path, gap: int, of: str) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        header = header_row(sheet, "Age", "Fare", "sibsp")
        first, last = header + 2, header + 13
        begin = letter_of(sheet, "sibsp" if of == "inputs" else "Survived", "Age")
        for cell in sheet[header]:
            if (
                cell.value
                and cell.column_letter != "A"
                and cell.column >= sheet[f"{begin}1"].column
            ):
                column = cell.column_letter
                sheet[f"{column}{last + gap}"] = f"=SUM({column}{first}:{column}{last})"

    assert passes(xlsgd.verify(edited(titanic, target, edit)))


def test_a_passenger_emptied_is_none_of_these(titanic: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        row = header_row(sheet, "Age", "Fare", "sibsp") + 5
        for cell in sheet[row]:
            if cell.data_type != "f":
                cell.value = None

    with pytest.raises(WorkbookError):
        xlsgd.verify(edited(titanic, target, edit))


def test_the_greatest_age_moved_elsewhere(titanic: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        cell = next(c for row in sheet for c in row if c.value == "max_age")
        value = sheet.cell(cell.row, cell.column + 1)
        old = f"${value.column_letter}${value.row}"
        sheet["AD20"], sheet["AE20"] = cell.value, value.value
        cell.value = value.value = None
        for tab in workbook:
            front = "" if tab is sheet else "passengers!"
            for each in (c for row in tab for c in row if c.data_type == "f"):
                each.value = each.value.replace(front + old, f"{front}$AE$20")

    assert passes(xlsgd.verify(edited(titanic, target, edit)))


def test_a_field_that_is_gone_is_missed(titanic: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        cell = next(c for row in sheet for c in row if c.value == "max_age")
        cell.value = None

    with pytest.raises(WorkbookError, match="no field 'max_age'"):
        xlsgd.verify(edited(titanic, target, edit))


@pytest.mark.parametrize("word", ["Backprop", "BACKPROP"])
def test_a_word_in_capitals(make: Make, target: Path, word: str) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[field_cell(sheet, "gradient")] = word

    assert passes(xlsgd.verify(edited(make("sgd"), target, edit)))


def test_a_choice_in_capitals_on_the_model(titanic: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["model"]
        cell = next(c for row in sheet for c in row if c.value == "weights_of")
        sheet.cell(cell.row, cell.column + 1).value = "START"

    assert passes(xlsgd.verify(edited(titanic, target, edit)))


# What the file should have and no longer has


@pytest.mark.parametrize("beside", [0, 1], ids=["xlsgd", "the kind"])
def test_the_marker_of_compare_emptied(make: Make, target: Path, beside: int) -> None:
    def edit(workbook: Workbook) -> None:
        _empty_marker(workbook["compare"], beside)

    with pytest.raises(WorkbookError, match=r"tab 'compare' .* 'compare tab, format 3' beside it"):
        xlsgd.verify(edited(make("sgd"), target, edit))


@pytest.mark.parametrize("beside", [0, 1], ids=["xlsgd", "the kind"])
@pytest.mark.parametrize("tab", ["rates-one", "rates-two"])
def test_the_marker_of_rates_emptied(rates: Path, target: Path, tab: str, beside: int) -> None:
    def edit(workbook: Workbook) -> None:
        _empty_marker(workbook[tab], beside)

    with pytest.raises(WorkbookError, match=rf"tab '{tab}' .* 'rates tab, format 2' beside it"):
        xlsgd.verify(edited(rates, target, edit))


def _empty_marker(sheet: Any, beside: int) -> None:
    cell = next(c for row in sheet for c in row if c.value == "xlsgd")
    sheet.cell(cell.row, cell.column + beside).value = None


def test_a_moved_field_with_a_wrong_formula_is_named(titanic: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        cell = next(c for row in sheet for c in row if c.value == "max_age")
        value = sheet.cell(cell.row, cell.column + 1)
        value.value = value.value.replace("MAX", "SUM")

    assert first_wrong(xlsgd.verify(edited(titanic, target, edit))).startswith("passengers!")


# Tabs that have lost both their marker and their headers


def _emptied(sheet: Any, kept: Callable[[Any], bool]) -> None:
    for row in sheet:
        for cell in row:
            if cell.value is not None and not kept(cell):
                cell.value = None


def _is_formula(cell: Any) -> bool:
    return bool(cell.data_type == "f")


@pytest.mark.parametrize("name", ["compare", "Sheet7"])
def test_a_compare_tab_of_which_formulas_are_left(make: Make, target: Path, name: str) -> None:
    def edit(workbook: Workbook) -> None:
        _emptied(workbook["compare"], _is_formula)
        workbook["compare"].title = name

    with pytest.raises(WorkbookError, match=rf"tab '{name}' looks at .* has lost that"):
        xlsgd.verify(edited(make("sgd"), target, edit))


def test_a_compare_tab_of_which_words_are_left(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["compare"]
        gone = ("xlsgd", "compare tab, format 3", "experiment", "verdict")
        _emptied(sheet, lambda cell: cell.value not in gone and "INDEX" not in str(cell.value))
        sheet.title = "side by side"

    with pytest.raises(WorkbookError, match=r"tab 'side by side' looks at .* by its words"):
        xlsgd.verify(edited(make("sgd"), target, edit))


@pytest.mark.parametrize("tab", ["rates-one", "rates-two"])
def test_a_rates_tab_of_which_numbers_are_left(rates: Path, target: Path, tab: str) -> None:
    """The rates themselves stay, so that every run goes on as before."""

    def edit(workbook: Workbook) -> None:
        _emptied(workbook[tab], lambda cell: cell.data_type in "fn")

    with pytest.raises(WorkbookError, match=rf"tab '{tab}' looks at .* has lost that"):
        xlsgd.verify(edited(rates, target, edit))


def test_a_compare_tab_deleted_is_said(make: Make, target: Path) -> None:
    source = make("sgd", "adam")
    assert not [n for n in xlsgd.verify(source).notes if n.startswith("no compare tab")]

    def edit(workbook: Workbook) -> None:
        del workbook["compare"]

    report = xlsgd.verify(edited(source, target, edit))
    assert passes(report)
    assert [n for n in report.notes if n.startswith("no compare tab")]


def test_one_training_tab_kept(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        del workbook["compare"]
        del workbook["adam"]

    report = xlsgd.verify(edited(make("sgd", "adam"), target, edit))
    assert passes(report)
    assert [n for n in report.notes if n.startswith("no compare tab")]


@pytest.mark.parametrize("deleted", [False, True], ids=["beside compare", "in its place"])
def test_a_tab_of_ones_own_that_looks_at_the_runs(make: Make, target: Path, deleted: bool) -> None:
    def edit(workbook: Workbook) -> None:
        own = workbook.create_sheet("my results")
        sheet = workbook["sgd"]
        own["A1"], own["A2"], own["A3"] = "last loss", "loss after a step", "best"
        own["B1"] = f"=sgd!{field_cell(sheet, 'last_loss')}"
        own["B2"] = f"=sgd!{step_cell(sheet, 'loss', 1)}"
        own["B3"] = "=MIN(B1:B2)"
        if deleted:
            del workbook["compare"]

    report = xlsgd.verify(edited(make("sgd", "adam"), target, edit))
    assert passes(report)
    (own,) = (sheet for sheet in report.sheets if sheet.name == "my results")
    assert set(own.unchecked) == {"B1", "B2", "B3"}
    assert own.formulas == 3
    assert own.cells_compared == 0


def test_the_matrix_of_which_formulas_are_left(titanic: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        _emptied(workbook["matrix"], _is_formula)

    with pytest.raises(WorkbookError, match=r"tab 'matrix' looks at .* has lost that"):
        xlsgd.verify(edited(titanic, target, edit))
