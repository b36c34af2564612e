"""Ranges that end elsewhere than the tables that they are over: right, or found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import (
    ROWS,
    Workbook,
    clear_steps,
    edited,
    epochs_cell,
    field_cell,
    first_wrong,
    header_row,
    letter_of,
    passes,
    runs_cell,
    step_cell,
    steps_rows,
)

Make = Callable[..., Path]


@pytest.mark.parametrize("more", [1, 17, 99_000])
@pytest.mark.parametrize(
    ("tab", "where"),
    [
        ("sgd", lambda sheet: [field_cell(sheet, "not_finite_step")]),
        ("sgd", lambda sheet: [field_cell(sheet, "start_loss")]),
        ("sgd", lambda sheet: [field_cell(sheet, "last_rmse")]),
        ("sgd", lambda sheet: [epochs_cell(sheet, "mean_loss", i) for i in range(4)]),
        ("sgd", lambda sheet: [step_cell(sheet, "x", i) for i in range(ROWS)]),
        ("compare", lambda sheet: [runs_cell(sheet, "epochs_to_target", "sgd")]),
    ],
    ids=["panel", "AVERAGEIF", "INDEX", "column of epochs", "column of steps", "compare"],
)
def test_a_range_reaches_below_its_table(
    make: Make, target: Path, tab: str, where: Callable[[object], list[str]], more: int
) -> None:
    cells: list[str] = []

    def edit(workbook: Workbook) -> None:
        sheet = workbook[tab]
        cells.extend(where(sheet))
        for cell in cells:
            sheet[cell] = re.sub(
                r"(:\$[A-Z]+\$)([0-9]+)",
                lambda match: f"{match[1]}{int(match[2]) + more}",
                sheet[cell].value,
                count=1,
            )

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert first_wrong(report) == f"{tab}!{cells[0]}"
    told = {d.cell for d in report.differences() if "something else than xlsgd" in d.reason}
    assert told == set(cells)


def test_a_range_below_a_table_that_was_cut_short(make: Make, target: Path) -> None:
    # Rows cleared at the end leave all ranges as they were; one that ends elsewhere is named.
    cell = ""

    def cut(workbook: Workbook) -> None:
        clear_steps(workbook["sgd"], steps_rows(workbook["sgd"])[-6:])

    def change(workbook: Workbook) -> None:
        nonlocal cell
        cut(workbook)
        sheet = workbook["sgd"]
        last = steps_rows(sheet)[-1] + 6
        cell = field_cell(sheet, "not_finite_step")
        assert f"${last}" in sheet[cell].value
        sheet[cell] = sheet[cell].value.replace(f"${last}", f"${last - 1}")

    assert passes(xlsgd.verify(edited(make("sgd"), target, cut)))
    report = xlsgd.verify(edited(make("sgd"), target, change))
    assert first_wrong(report) == f"sgd!{cell}"


def test_rows_inserted_and_no_formula_follows(make: Make, target: Path) -> None:
    # Formulas above the new row that look at a field below it still give the right number: what
    # is named first gives a wrong one.
    def edit(workbook: Workbook) -> None:
        workbook["sgd"].insert_rows(12)

    first = xlsgd.verify(edited(make("sgd"), target, edit)).first_difference
    assert first is not None
    assert int("".join(c for c in first.cell if c.isdigit())) >= 12
    assert first.torch_value is not None


@pytest.mark.parametrize("more", [1, 76, pytest.param(99_000, marks=pytest.mark.wide)])
@pytest.mark.parametrize(
    ("tab", "headers"),
    [
        ("sgd", ("step", "loss")),
        ("sgd", ("epoch", "mean_loss")),
        ("compare", ("epoch", "plot.sgd")),
    ],
    ids=["steps", "epochs", "compare"],
)
def test_all_ranges_over_a_table_reach_below_it(
    make: Make, target: Path, tab: str, headers: tuple[str, str], more: int
) -> None:
    # As a table looks that was cut short: but then another table would have other lengths.
    def edit(workbook: Workbook) -> None:
        sheet = workbook[tab]
        begin = header_row(sheet, *headers) + 2
        column = letter_of(sheet, *headers)
        end = begin
        while sheet[f"{column}{end + 1}"].value is not None:
            end += 1
        changed = 0
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    late = re.sub(rf"(:\$[A-Z]+\$){end}\b", rf"\g<1>{end + more}", cell.value)
                    changed += late != cell.value
                    cell.value = late
        assert changed > 1

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert not report.ok
    assert {difference.check for difference in report.differences()} == {"pattern"}


def test_a_table_of_one_row_is_looked_at_with_the_cell_below_it(tmp_path: Path) -> None:
    """Gnumeric finds nothing in a range of one cell; files of earlier versions have such ranges."""
    path = xlsgd.generate(
        "graddesc", tmp_path / "one.xlsx", data=xlsgd.made_data(3, 1.0, 1), epochs=1,
        optimizers=("sgd",),
    )  # fmt: skip
    found: list[str] = []

    def narrow(workbook: Workbook) -> None:
        for sheet in workbook.worksheets:
            for cell in (c for row in sheet.iter_rows() for c in row if isinstance(c.value, str)):
                less = re.sub(r"(INDEX\([^(),]*\$[A-Z]+\$17:\$[A-Z]+\$)18", r"\g<1>17", cell.value)
                if less != cell.value:
                    found.append(cell.coordinate)
                    cell.value = less

    assert passes(xlsgd.verify(edited(path, tmp_path / "narrow.xlsx", narrow)))
    assert len(found) > 4

    def wrong(workbook: Workbook) -> None:
        cell = workbook["sgd"][field_cell(workbook["sgd"], "last_change")]
        cell.value = cell.value.replace("$18", "$19")

    report = xlsgd.verify(edited(path, tmp_path / "wrong.xlsx", wrong))
    assert first_wrong(report) == f"sgd!{field_cell_of(path, 'last_change')}"


def test_one_epoch_has_all_its_numbers_in_gnumeric(
    tmp_path: Path, gnumeric_convert: Callable[[Path, Path], Path]
) -> None:
    path = xlsgd.generate(
        "graddesc", tmp_path / "one.xlsx", data=xlsgd.made_data(3, 1.0, 1), epochs=1,
        optimizers=("sgd",),
    )  # fmt: skip
    assert passes(xlsgd.verify(gnumeric_convert(path, tmp_path / "saved.xlsx"), engine="stored"))


def field_cell_of(path: Path, key: str) -> str:
    from openpyxl import load_workbook

    return field_cell(load_workbook(path)["sgd"], key)
