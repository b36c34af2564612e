"""Rows and columns inserted and removed, tabs renamed, in a real spreadsheet program.

Edits that do not hide each other share one start of LibreOffice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.builders import default_lesson
from tests.verify.books import (
    EPOCHS,
    ROWS,
    SIX_POINTS,
    Workbook,
    clear_steps,
    edited,
    epochs_cell,
    field_cell,
    first_wrong,
    header_row,
    letter_of,
    passes,
    steps_columns,
    steps_rows,
)
from xlsgd.report import Report, SheetReport

Make = Callable[..., Path]
Edit = Callable[..., Path]
Convert = Callable[..., Path]
Edits = list[tuple[Any, ...]]
RUNS = ("sgd", "adam")


def tab_of(report: Report, name: str) -> SheetReport:
    """Return the report of a tab."""
    return next(sheet for sheet in report.sheets if sheet.name == name)


@pytest.fixture(scope="module")
def number(formulas: Workbook) -> Callable[[str, str], int]:
    """Return a function that gives the number of a column of the table of steps."""

    def column(tab: str, quantity: str) -> int:
        letter = letter_of(formulas[tab], quantity, "step", "loss")
        return int(openpyxl.utils.column_index_from_string(letter))

    return column


# Rows and columns inserted


def test_rows_inserted(
    small: Path, formulas: Workbook, untouched: Report, target: Path, libreoffice_edit: Edit
) -> None:
    sheet = formulas["adam"]
    in_inputs, in_panel = (
        int(field_cell(sheet, key).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        for key in ("beta1", "lowest_loss")
    )
    edits: Edits = [
        # From the bottom up, so that numbers count from the workbook as it was.
        ("insert_row", "sgd", steps_rows(formulas["sgd"])[-1] + 4),  # among fields
        ("insert_row", "sgd", steps_rows(formulas["sgd"])[-1]),
        ("insert_row", "sgd", steps_rows(formulas["sgd"])[12]),
        ("insert_row", "sgd", steps_rows(formulas["sgd"])[12]),
        ("insert_row", "sgd", 1),
        ("insert_row", "adam", in_panel),
        ("insert_row", "adam", in_inputs),
        ("insert_row", "data", 1),
        ("insert_row", "compare", 42),
        ("insert_row", "compare", 10),
        ("insert_row", "compare", 4),
        ("insert_row", "lesson", 3),
    ]
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert passes(report)
    assert report.cells_compared == untouched.cells_compared
    assert report.notes == []


@pytest.mark.parametrize("place", [0, 1])
def test_row_inserted_at_the_top_of_the_table(
    make: Make, formulas: Workbook, target: Path, libreoffice_edit: Edit, place: int
) -> None:
    row = steps_rows(formulas["sgd"])[place]
    path = libreoffice_edit(make("sgd"), target, [("insert_row", "sgd", row)])
    assert passes(xlsgd.verify(path))


def test_columns_inserted(
    small: Path,
    formulas: Workbook,
    number: Callable[[str, str], int],
    untouched: Report,
    target: Path,
    libreoffice_edit: Edit,
) -> None:
    in_epochs, values = (
        openpyxl.utils.column_index_from_string(place.rstrip("0123456789"))
        for place in (epochs_cell(formulas["adam"], "change", 0),
                      field_cell(formulas["sgd"], "lowest_loss"))
    )  # fmt: skip
    edits: Edits = [
        ("insert_column", "sgd", number("sgd", "plot.a")),
        ("insert_column", "sgd", values),  # between keys and values
        ("insert_column", "sgd", number("sgd", "loss")),
        ("insert_column", "sgd", number("sgd", "step")),
        ("insert_column", "sgd", 7),  # among the inputs
        ("insert_column", "sgd", 1),
        ("insert_column", "adam", in_epochs),
        ("insert_column", "adam", 2),
        ("insert_column", "data", 2),
        ("insert_column", "data", 1),
        ("insert_column", "compare", 3),
        ("insert_column", "compare", 1),
    ]
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert passes(report)
    assert report.cells_compared == untouched.cells_compared


def test_inserted_columns_filled_with_own_things(
    make: Make,
    formulas: Workbook,
    number: Callable[[str, str], int],
    target: Path,
    libreoffice_edit: Edit,
) -> None:
    first, rows = number("sgd", "loss"), steps_rows(formulas["sgd"])
    header = header_row(formulas["sgd"], "step", "loss")
    letter = openpyxl.utils.get_column_letter(first + 1)
    edits: Edits = [("insert_column", "sgd", first), ("insert_column", "sgd", 2)]
    edits.append(("set_text", "sgd", f"{letter}{header}", "twice pred"))
    before = openpyxl.utils.get_column_letter(first)
    for row in rows:
        edits.append(("set_formula", "sgd", f"{letter}{row}", f"={before}{row}*2"))
        edits.append(("set_text", "sgd", f"B{row}", f"mine {row}"))
    report = xlsgd.verify(libreoffice_edit(make("sgd"), target, edits))
    assert passes(report)
    wanted = {f"{letter}{row}" for row in rows}
    assert tab_of(report, "sgd").unchecked.keys() == wanted


# Rows removed


@pytest.mark.sampled(2)
@pytest.mark.parametrize("removed", [1, SIX_POINTS.rows, 2 * SIX_POINTS.rows + 2, ROWS - 1])
def test_rows_cleared_at_the_end(
    small: Path, formulas: Workbook, target: Path, libreoffice_edit: Edit, removed: int
) -> None:
    edits: Edits = []
    for tab in ("sgd", "adam"):
        sheet = formulas[tab]
        rows = steps_rows(sheet)[-removed:]
        # What other tables stand between stays.
        for column in map(openpyxl.utils.get_column_letter, steps_columns(sheet)):
            edits.append(("clear", tab, f"{column}{rows[0]}:{column}{rows[-1]}"))
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert passes(report)
    for tab in ("sgd", "adam"):
        assert tab_of(report, tab).cells_compared < tab_of(xlsgd.verify(small), tab).cells_compared


@pytest.fixture(scope="module")
def ten_epochs(make: Make) -> Path:
    """Return a workbook whose last rows reach far below everything else on its tabs."""
    return make("sgd", "adam", epochs=10, data=xlsgd.made_data(12, 5, 1))


def test_rows_deleted_at_the_end(ten_epochs: Path, target: Path, libreoffice_edit: Edit) -> None:
    path = ten_epochs
    rows = {t.title: steps_rows(t) for t in openpyxl.load_workbook(path) if t.title in RUNS}
    edits: Edits = [
        ("delete_rows", "sgd", rows["sgd"][-12], 12),
        ("delete_rows", "adam", rows["adam"][-29], 29),
    ]
    report = xlsgd.verify(libreoffice_edit(path, target, edits))
    assert passes(report)
    frame = report.frame()
    steps = frame[(frame["quantity"] == "step") & (frame["check"] == "step")]
    assert steps.groupby("sheet").size().to_dict() == {"sgd": 108, "adam": 91}


# Tabs renamed, values set, saved again


def test_tabs_renamed_and_values_set(
    small: Path, formulas: Workbook, target: Path, libreoffice_edit: Edit
) -> None:
    rate = field_cell(formulas["sgd"], "learning_rate")
    gradient = field_cell(formulas["adam"], "gradient")
    edits: Edits = [
        ("set_value", "sgd", rate, 0.0003),
        ("set_text", "adam", gradient, "backprop"),
        ("set_value", "data", "A8", 33.5),
        ("set_formula", "sgd", field_cell(formulas["sgd"], "init.b"), "=1/3"),
        ("rename", "sgd", "It's 1, ‘mine’ & yours"),
        ("rename", "data", "R1C1"),
        ("rename", "compare", "A1"),
        ("rename", "adam", "Ådäm #1"),
        ("rename", "lesson", "data"),
    ]
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert passes(report)
    assert [sheet.name for sheet in report.sheets] == [
        "data", "R1C1", "It's 1, ‘mine’ & yours", "Ådäm #1", "surface", "A1"
    ]  # fmt: skip
    assert [s.experiment for s in report.sheets if s.kind == "training"] == ["sgd", "adam"]


def test_runs_that_explode_saved_by_libreoffice(
    small: Path, formulas: Workbook, target: Path, libreoffice_edit: Edit
) -> None:
    edits: Edits = [
        ("set_value", "sgd", field_cell(formulas["sgd"], "learning_rate"), 5),
        ("set_value", "adam", field_cell(formulas["adam"], "learning_rate"), 1e200),
    ]
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert passes(report)
    verdicts = {s.name: s.verdict for s in report.sheets if s.verdict is not None}
    assert {name: v.kind for name, v in verdicts.items()} == {"sgd": "exploded", "adam": "exploded"}


def test_saved_again_by_libreoffice(
    small: Path, untouched: Report, tmp_path: Path, libreoffice_saved: Convert
) -> None:
    report = xlsgd.verify(libreoffice_saved(small, "xlsx", tmp_path / "saved"))
    assert passes(report)
    assert report.notes == []
    counts = [(s.name, s.formulas, s.cells_compared, s.cells_stored) for s in report.sheets]
    assert counts == [
        (s.name, s.formulas, s.cells_compared, s.cells_stored) for s in untouched.sheets
    ]


@pytest.mark.wide
@pytest.mark.parametrize("lesson", ["graddesc", "two-neuron"])
def test_whole_lessons_saved_again_by_libreoffice(
    lesson: str, tmp_path: Path, libreoffice_saved: Convert
) -> None:
    path = default_lesson(lesson)
    fresh, saved = (
        xlsgd.verify(p) for p in (path, libreoffice_saved(path, "xlsx", tmp_path / "saved"))
    )
    assert passes(fresh)
    assert passes(saved)
    assert saved.cells_compared == fresh.cells_compared
    assert [s.verdict for s in saved.sheets] == [s.verdict for s in fresh.sheets]


def test_saved_again_by_gnumeric(
    small: Path, untouched: Report, target: Path, gnumeric_convert: Convert
) -> None:
    report = xlsgd.verify(gnumeric_convert(small, target))
    assert passes(report)
    assert report.cells_compared == untouched.cells_compared


# Mistakes in a workbook that has been changed around


def test_mistakes_after_other_edits_are_found_where_they_are_now(
    small: Path, formulas: Workbook, target: Path, libreoffice_edit: Edit
) -> None:
    sheet = formulas["sgd"]
    loss = openpyxl.utils.column_index_from_string(letter_of(sheet, "loss", "step"))
    row = steps_rows(sheet)[12]
    wrong = f"{openpyxl.utils.get_column_letter(loss + 2)}{row + 1}"
    new = letter_of(formulas["adam"], "new.b", "step")
    edits: Edits = [
        ("insert_row", "sgd", row - 3),
        ("insert_column", "sgd", loss),
        ("insert_column", "sgd", 1),
        ("rename", "sgd", "my sgd"),
        ("set_value", "my sgd", wrong, 17),
        ("set_formula", "adam", f"{new}{row}", "=1/0"),
        ("set_text", "compare", "A1", "mine"),
    ]
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert first_wrong(report) == f"my sgd!{wrong}"
    first = tab_of(report, "my sgd").first_difference
    assert first is not None
    assert (first.quantity, first.step) == ("loss", 13)
    first = tab_of(report, "adam").first_difference
    assert first is not None
    assert first.cell == f"{new}{row}"


def test_row_deleted_in_the_middle(ten_epochs: Path, target: Path, libreoffice_edit: Edit) -> None:
    # Where the row was, its neighbour below now looks at nothing.
    path = libreoffice_edit(ten_epochs, target, [("delete_rows", "sgd", 100, 1)])
    sheet = openpyxl.load_workbook(path)["sgd"]
    assert first_wrong(xlsgd.verify(path)) == f"sgd!{letter_of(sheet, 'step', 'loss')}100"


def test_column_deleted(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        header = header_row(sheet, "step", "loss")
        sheet[f"{letter_of(sheet, 'grad.a', 'step')}{header}"] = None

    match = r"tab 'sgd', row 15: no header grad\.a; restore it"
    with pytest.raises(xlsgd.XlsgdError, match=match):
        xlsgd.verify(edited(make("sgd"), target, edit))


def test_epochs_are_counted_by_the_rows_there_are(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        clear_steps(sheet, steps_rows(sheet)[-SIX_POINTS.rows :])

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    frame = report.frame()
    steps = frame[(frame["quantity"] == "step") & (frame["check"] == "run")]
    assert len(steps) == (EPOCHS - 1) * SIX_POINTS.rows
