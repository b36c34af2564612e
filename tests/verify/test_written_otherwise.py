"""Formulas in other words: a note where they mean the same, a mistake where they do not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl.workbook.defined_name import DefinedName

import xlsgd
from tests.verify.books import (
    ROWS,
    Workbook,
    edited,
    epochs_cell,
    field_cell,
    first_wrong,
    header_row,
    letter_of,
    passes,
    retyped,
    runs_cell,
    step_cell,
)
from xlsgd.report import Report

Make = Callable[..., Path]

EVERYWHERE = slice(None)

# Formulas in words: see tests.verify.books.Words.
THE_SAME = {
    "brackets that a program drops": ("loss_up.b", "([param.b]+[h])", "[param.b]+[h]"),
    "a product for a square": (
        "loss", "([pred]-[y])^2", "([pred]-[y])*([pred]-[y])",
    ),
    "halved and doubled": ("grad.a", "[grad.pred]*[x]", "0.5*[grad.pred]*2*[x]"),
    "branches turned": (
        "grad_used.a",
        'IF([gradient]="numerical",[grad_num.a],[grad.a])',
        'IF([gradient]<>"numerical",[grad.a],[grad_num.a])',
    ),
    "the sum of two": ("grad.pred", "2*([pred]-[y])", "([pred]-[y])+([pred]-[y])"),
    "the difference turned": (
        "grad_diff.a", "ABS([grad_num.a]-[grad.a])", "ABS([grad.a]-[grad_num.a])",
    ),
}  # fmt: skip


def notes(report: Report) -> list[str]:
    return [note for note in report.notes if "written otherwise" in note]


@pytest.mark.parametrize("case", THE_SAME)
def test_a_whole_column_in_other_words(make: Make, target: Path, case: str) -> None:
    quantity, old, new = THE_SAME[case]
    path, cells = retyped(make("sgd"), target, "sgd", quantity, EVERYWHERE, old, new)
    report = xlsgd.verify(path)
    assert passes(report)
    (note,) = notes(report)
    assert note.startswith(f"sgd!{cells[0]} to {cells[-1]} ({quantity}): written otherwise, =")


@pytest.mark.parametrize(
    ("quantity", "old", "new"),
    [
        ("loss", "([pred]-[y])^2", "IFERROR(([pred]-[y])^2,0)"),  # hides that the run exploded
        ("plot.loss", "1E+12,[loss]", "1E+11,[loss]"),
        ("exploded_at", "[exploded_above]", "[exploded_above]*2"),
        ("grad_used.a", '="numerical"', '<>"backprop"'),
        ("grad_diff.a", "+1E-300", ""),
        ("nonzero.a", "=0", "<=0"),
    ],
)
def test_a_whole_column_that_is_right_today(
    make: Make, target: Path, quantity: str, old: str, new: str
) -> None:
    places = slice(1, None)
    path, cells = retyped(make("sgd"), target, "sgd", quantity, places, old, new)
    report = xlsgd.verify(path)
    first = report.first_difference
    assert first is not None
    assert (first.cell, report.cells_differing) == (cells[0], ROWS - 1)
    assert first.reason.startswith("says something else than xlsgd's formula, =")
    assert notes(report) == []


def test_what_a_column_gives_is_shown(make: Make, target: Path) -> None:
    path, _ = retyped(make("sgd"), target, "sgd", "loss", EVERYWHERE, "^2", "^3")
    first = xlsgd.verify(path).first_difference
    assert first is not None
    xlsgds, _, example = first.reason.partition("; ")
    assert xlsgds == "says something else than xlsgd's formula, =(R6-O6)^2"
    assert example.startswith("with R6 = ")
    assert "it gives" in example
    assert first.formula == "=(R6-O6)^3"


@pytest.mark.parametrize("place", [0, 11, ROWS - 1])
def test_a_mistake_in_a_column_in_other_words(make: Make, target: Path, place: int) -> None:
    quantity, old, new = THE_SAME["a product for a square"]
    path, cells = retyped(make("sgd"), target, "sgd", quantity, EVERYWHERE, old, new)

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[cells[place]] = sheet[cells[place]].value.replace("R", "Q")

    report = xlsgd.verify(edited(path, target, edit))
    assert first_wrong(report) == f"sgd!{cells[place]}"
    assert [d.cell for d in report.differences() if d.quantity == quantity] == [cells[place]]
    assert len(notes(report)) == 1


def test_one_cell_in_other_words_breaks_its_column(make: Make, target: Path) -> None:
    quantity, old, new = THE_SAME["a product for a square"]
    path, cells = retyped(make("sgd"), target, "sgd", quantity, slice(7, 8), old, new)
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"sgd!{cells[0]}"
    assert report.cells_differing == 1


@pytest.mark.parametrize("places", [slice(5, 6), EVERYWHERE], ids=["one cell", "column"])
@pytest.mark.parametrize("scope", ["sgd", None], ids=["of the tab", "of the workbook"])
@pytest.mark.parametrize("key", ["learning_rate", "h"])
def test_a_name_for_the_rate(
    make: Make, target: Path, key: str, scope: str | None, places: slice
) -> None:
    path, cells = retyped(make("sgd"), target, "sgd", "new.a", places, "[learning_rate]", "my_rate")

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        column, row = (field := field_cell(sheet, key))[0], field[1:]
        name = DefinedName("My_Rate", attr_text=f"'sgd'!${column}${row}")
        (sheet if scope else workbook).defined_names.add(name)
        if key != "learning_rate":
            sheet[field_cell(sheet, key)] = sheet[field_cell(sheet, "learning_rate")].value

    report = xlsgd.verify(edited(path, target, edit))
    if key == "learning_rate":
        assert passes(report)
        assert notes(report) == []
    else:  # it gives the right number today
        assert first_wrong(report) == f"sgd!{cells[0]}"
        assert report.cells_differing == len(cells)


@pytest.mark.parametrize("key", ["exploded_step", "last_rmse", "steps_per_epoch", "verdict"])
def test_a_field_without_dollars(make: Make, target: Path, key: str) -> None:
    # Of a single cell they say nothing.
    def edit(workbook: Workbook) -> None:
        cell = workbook["sgd"][field_cell(workbook["sgd"], key)]
        cell.value = cell.value.replace("$", "")

    assert passes(xlsgd.verify(edited(make("sgd"), target, edit)))


# Ranges


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
        sheet = workbook["sgd"]
        last = int(step_cell(sheet, "step", -1)[1:])
        for row in range(last - 5, last + 1):
            for number in range(11, sheet.max_column + 1):
                sheet.cell(row, number).value = None

    def change(workbook: Workbook) -> None:
        nonlocal cell
        cut(workbook)
        sheet = workbook["sgd"]
        cell = field_cell(sheet, "not_finite_step")
        sheet[cell] = sheet[cell].value.replace("$29", "$28")

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


@pytest.mark.parametrize("more", [1, 76, 99_000])
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
