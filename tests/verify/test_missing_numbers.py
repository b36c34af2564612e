"""What is empty or no number: the tab's own verdict says so, and verify refuses at the cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests.builders import small_data, view_of, write_experiments
from tests.titanic.books import generated
from tests.verify.books import Workbook, edited, field_cell, passes
from xlsgd.base.errors import WorkbookError
from xlsgd.engines import get_engine
from xlsgd.tabs.finder import find_lesson
from xlsgd.verdict.missing import in_columns, in_steps
from xlsgd.xlsx.reader import read_workbook


def verdict_of(path: Path, tab: str) -> Any:
    """Return what the verdict of a tab gives, calculated anew."""
    file = read_workbook(path)
    values = get_engine("formulas").recalculate(file).values[tab]
    grid = file.book.sheets[tab]
    place = next(p for p, text in grid.items() if text == "verdict")
    return values[place[0] + 2, place[1]]


def with_cells(source: Path, target: Path, cells: Mapping[tuple[str, str], Any]) -> Path:
    """Return a workbook with other contents in some cells; an input goes by its key."""

    def edit(workbook: Workbook) -> None:
        for (tab, cell), content in cells.items():
            sheet = workbook[tab]
            sheet[cell if cell[-1].isdigit() else field_cell(sheet, cell)] = content

    return edited(source, target, edit)


@pytest.mark.parametrize(
    ("cells", "said", "told"),
    [
        ({("data", "A8"): None}, "x (row 3 of data)", r"data!A8 \(data, x\): got nothing"),
        ({("data", "A8"): "28"}, "x (row 3 of data)", r"data!A8 \(data, x\): got '28'"),
        ({("data", "A8"): "0,5"}, "x (row 3 of data)", r"data!A8 \(data, x\): got '0,5'"),
        ({("data", "A8"): "=1/0"}, "x (row 3 of data)", r"data!A8 \(data, x\): got #DIV/0!"),
        ({("data", "B6"): None}, "y (row 1 of data)", r"data!B6 \(data, y\): got nothing"),
        ({("data", "B11"): None}, "y", r"data!B11 \(data, y\): got nothing"),
        ({("data", "A11"): None}, "x (row 6 of data)", r"data!A11 \(data, x\): got nothing"),
        ({("data", "A7"): None, ("data", "A8"): None}, "x", r"data!A7 \(data, x\)"),
        ({("sgd", "init.a"): None}, "start a", r"sgd!\w+ \(init.a\): got nothing"),
        ({("sgd", "learning_rate"): None}, "learning rate", r"\(learning_rate\): got nothing"),
        ({("sgd", "h"): "word", ("sgd", "init.b"): None}, "h, start b", r"\(\w+.*\): got"),
    ],
)
def test_the_verdict_says_what_is_missing(
    small: Path, target: Path, cells: dict[tuple[str, str], Any], said: str, told: str
) -> None:
    path = with_cells(small, target, cells)
    assert verdict_of(path, "sgd") == f"no number in {said}"
    for look in (xlsgd.verify, xlsgd.explain):
        with pytest.raises(WorkbookError, match=told):
            look(path)


def test_a_number_typed_as_a_word_is_refused(small: Path, target: Path) -> None:
    path = with_cells(small, target, {("sgd", "learning_rate"): "0.001"})
    with pytest.raises(WorkbookError, match=r"\(learning_rate\): got '0.001', need a number"):
        xlsgd.verify(path)


def test_an_empty_row_is_said_too(small: Path, target: Path) -> None:
    path = with_cells(small, target, {("data", "A8"): None, ("data", "B8"): None})
    assert verdict_of(path, "adam") == "no number in x (row 3 of data), y (row 3 of data)"


@pytest.mark.parametrize("last", [10, 9])
def test_rows_emptied_at_the_end_are_not_missing(small: Path, target: Path, last: int) -> None:
    cells = {("data", f"{c}{row}"): None for c in "AB" for row in range(last, 12)}
    path = with_cells(small, target, cells)
    assert not verdict_of(path, "sgd").startswith("no number")
    assert passes(xlsgd.verify(path))


@pytest.mark.parametrize("layout", ["rows", "blocks"])
def test_of_several_inputs_and_batches(target: Path, tmp_path: Path, layout: str) -> None:
    data = small_data(5, 2)
    view = view_of("Linear(2, 1)", "adam", data=data, layout=layout, batch_size=2)
    source = write_experiments(tmp_path / "book.xlsx", view, data=data)
    assert passes(xlsgd.verify(source))
    file = read_workbook(source)
    values = get_engine("formulas").recalculate(file).values
    sheet = find_lesson(file.book, values, "").maps.data
    row, column = sheet.tables["data"].cell("x2", 3)
    cell = f"{'ABCDEF'[column - 1]}{row}"
    path = with_cells(source, target, {("data", cell): None})
    where = " (row 4 of data)" if layout == "rows" else ""
    assert verdict_of(path, "run") == f"no number in x2{where}"


def test_of_passengers(tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        workbook["passengers"]["F8"] = "old"
        sheet = workbook["training"]
        sheet[field_cell(sheet, "init.a1_male")] = None

    path = edited(generated(), tmp_path / "word.xlsx", edit)
    assert verdict_of(path, "training") == "no number in start a1_male, age_n"
    with pytest.raises(WorkbookError, match=r"passengers!F8 \(Age\): got 'old', need a number"):
        xlsgd.verify(path)


def test_the_verdict_of_an_earlier_version(small: Path, target: Path) -> None:
    # It had no field of what is missing, and its verdict did not ask.
    def edit(workbook: Workbook) -> None:
        for sheet in (workbook["sgd"], workbook["adam"]):
            field = sheet[field_cell(sheet, "no_number")]
            verdict = sheet[field_cell(sheet, "verdict")]
            said = verdict.value
            name = f"${field.column_letter}${field.row}"
            before = f"=IF(LEN({name})>12,LEFT({name},LEN({name})-1),"
            assert said.startswith(before)
            verdict.value = "=" + said.removeprefix(before)[:-1]
            field.value = None
            sheet.cell(field.row, field.column - 1).value = None

    assert passes(xlsgd.verify(edited(small, target, edit)))


def test_a_word_in_its_place_is_found(small: Path, target: Path) -> None:
    path = with_cells(small, target, {("sgd", "no_number"): "no number in"})
    (difference,) = xlsgd.verify(path).differences()
    assert (difference.quantity, difference.check) == ("no_number", "pattern")


@pytest.mark.parametrize("make", [in_columns, lambda names: in_steps(names, ["y"])])
def test_a_formula_about_many_columns_has_room(make: Callable[[list[str]], list[str]]) -> None:
    for count in (1, 11, 30, 31, 400):
        pieces = make([f"a_column_{i}" for i in range(count)])
        assert len("&".join(pieces)) < 6000
