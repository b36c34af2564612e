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
