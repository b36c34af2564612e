"""Formulas in other words: a note where they mean the same, a mistake where they do not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.verify.books import (
    ROWS,
    Words,
    Workbook,
    edited,
    field_cell,
    fields,
    first_wrong,
    passes,
    retyped,
    runs_cell,
    step_cell,
    steps_rows,
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
        ("plot.loss", "[loss]<=10^12", "[loss]<=10^11"),
        ("exploded_at", "[exploded_above]", "[exploded_above]*2"),
        ("grad_used.a", '="numerical"', '<>"backprop"'),
        ("grad_diff.a", "+10^-300", ""),
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
    sheet = openpyxl.load_workbook(path)["sgd"]
    pred, y = (step_cell(sheet, quantity, 0) for quantity in ("pred", "y"))
    assert xlsgds == f"says something else than xlsgd's formula, =({pred}-{y})^2"
    assert example.startswith(f"with {pred} = ")
    assert "it gives" in example
    assert first.formula == f"=({pred}-{y})^3"


@pytest.mark.parametrize("place", [0, 11, ROWS - 1])
def test_a_mistake_in_a_column_in_other_words(make: Make, target: Path, place: int) -> None:
    quantity, old, new = THE_SAME["a product for a square"]
    path, cells = retyped(make("sgd"), target, "sgd", quantity, EVERYWHERE, old, new)

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        pred, other = (step_cell(sheet, name, place) for name in ("pred", "param.b"))
        cell = sheet[cells[place]]
        assert pred in cell.value
        cell.value = cell.value.replace(pred, other)

    report = xlsgd.verify(edited(path, target, edit))
    assert first_wrong(report) == f"sgd!{cells[place]}"
    assert [d.cell for d in report.differences() if d.quantity == quantity] == [cells[place]]
    assert len(notes(report)) == 1


NUMERICAL, BACKPROP = "ABS([grad_num.a])+ABS([grad_num.b])", "ABS([grad.a])+ABS([grad.b])"
FROZEN = (
    f"IF(ISNUMBER({NUMERICAL}+{BACKPROP}),IF(AND({NUMERICAL}=0,{BACKPROP}>0,"
    "[h]<10^-15*MAX(ABS([param.a]),ABS([param.b]))),[prev.derivative_alive],[step]),[step])"
)
ONE_CELL = THE_SAME | {
    "a sum of a product and a cell": (
        "pred", "[param.a]*[x]+[param.b]", "SUM([param.a]*[x],[param.b])",
    ),
    "a branch for a bound": (
        "plot.loss", "MAX(10^-12,[loss])", "IF([loss]>=10^-12,[loss],10^-12)",
    ),
    "branches of a chart turned": (
        "plot.a",
        "IF(ABS([param.a])<=[chart_limit],[param.a],NA())",
        "IF(ABS([param.a])>[chart_limit],NA(),[param.a])",
    ),
    "both bounds in a condition": (
        "plot.loss",
        "IF([loss]<=10^12,MAX(10^-12,[loss]),NA())",
        "IF([loss]>10^12,NA(),MAX(10^-12,[loss]))",
    ),
    "more conditions than a few": (
        "derivative_alive",
        FROZEN,
        f"IF(NOT(ISNUMBER({NUMERICAL}+{BACKPROP})),[step],IF(OR({NUMERICAL}<>0,{BACKPROP}<=0,"
        "10^-15*MAX(ABS([param.a]),ABS([param.b]))<=[h]),[step],[prev.derivative_alive]))",
    ),
}  # fmt: skip
"""The same as far as a single row is concerned; more conditions than a few are tried harder."""


@pytest.mark.parametrize("places", [slice(0, 1), slice(7, 8), slice(-1, None)])
@pytest.mark.parametrize("case", ONE_CELL)
def test_one_cell_in_other_words(make: Make, target: Path, case: str, places: slice) -> None:
    quantity, old, new = ONE_CELL[case]
    if quantity == "derivative_alive" and places.start == 0:
        places = slice(1, 2)  # it begins otherwise
    path, cells = retyped(make("sgd"), target, "sgd", quantity, places, old, new)
    report = xlsgd.verify(path)
    assert passes(report)
    (note,) = notes(report)
    assert note.startswith(f"sgd!{cells[0]} ({quantity}): written otherwise, =")


def test_a_few_cells_in_other_words(make: Make, target: Path) -> None:
    quantity, old, new = ONE_CELL["a sum of a product and a cell"]
    path, first = retyped(make("sgd"), target, "sgd", quantity, slice(2, 5), old, new)
    path, second = retyped(path, target, "sgd", quantity, slice(9, 10), old, new)
    report = xlsgd.verify(path)
    assert passes(report)
    (note,) = notes(report)
    assert note.startswith(f"sgd!{first[0]} to {first[-1]}, {second[0]} ({quantity}): written")


CUT_OFF = "MAX(-[chart_limit],MIN([chart_limit],[param.a]))"
"""How earlier versions kept a weight on the chart."""

IN_WORDS = r'=IF\(ISNUMBER\((.+)\),\1,"beyond what a cell can hold"\)'
"""How the panel has a number, or words that there is none."""

BOUNDS = {
    "the other way round": "MIN([chart_limit],MAX(-[chart_limit],[param.a]))",
    "MEDIAN": "MEDIAN([chart_limit],-[chart_limit],[param.a])",
}


@pytest.fixture
def former(make: Make, tmp_path: Path) -> Path:
    """Return a workbook of a former format, in which charts have weights and losses cut off, and
    the panel shows errors."""

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[field_cell(sheet, "xlsgd")] = "training tab, format 2"
        words = Words(sheet)
        for name in ("a", "b"):
            cut = f"=IF(ISNUMBER([param.a]),{CUT_OFF},[chart_limit])"
            cut = cut.replace("param.a", f"param.{name}")
            for place, row in enumerate(steps_rows(sheet)):
                sheet[step_cell(sheet, f"plot.{name}", place)] = words.formula(cut, row)
        cut = "=IF(ISNUMBER([loss]),MAX(10^-12,MIN(10^12,[loss])),10^12)"
        for place, row in enumerate(steps_rows(sheet)):
            sheet[step_cell(sheet, "plot.loss", place)] = words.formula(cut, row)
        for cell in fields(sheet).values():
            found = re.fullmatch(IN_WORDS, str(sheet[cell].value))
            sheet[cell] = f"={found[1]}" if found else sheet[cell].value

    return edited(make("sgd"), tmp_path / "former.xlsx", edit)


@pytest.mark.parametrize("places", [slice(0, 1), slice(7, 8), slice(-1, None)])
@pytest.mark.parametrize("case", BOUNDS)
def test_bounds_of_a_cell_in_other_words(
    former: Path, target: Path, case: str, places: slice
) -> None:
    path, cells = retyped(former, target, "sgd", "plot.a", places, CUT_OFF, BOUNDS[case])
    report = xlsgd.verify(path)
    assert passes(report)
    (note,) = notes(report)
    assert note.startswith(f"sgd!{cells[0]} (plot.a): written otherwise, =")


def test_bounds_that_a_cell_decides_about(former: Path, target: Path) -> None:
    quantity, new = "plot.a", BOUNDS["the other way round"]
    path, cells = retyped(former, target, "sgd", quantity, EVERYWHERE, CUT_OFF, new)
    report = xlsgd.verify(path)
    assert passes(report)
    (note,) = notes(report)
    limit = field_cell(openpyxl.load_workbook(path)["sgd"], "chart_limit")
    assert note.endswith(f"that have -{limit}<={limit}")

    def edit(workbook: Workbook) -> None:
        workbook["sgd"][limit] = -1  # now they are in no order

    report = xlsgd.verify(edited(path, target, edit))
    assert first_wrong(report) == f"sgd!{cells[0]}"
    assert {d.cell for d in report.differences() if d.quantity == quantity} == set(cells)


# The third row has x = 28 and y = 86, the ninth the same point an epoch later.
RIGHT_TODAY = {
    "a number for x": ("pred", "*[x]", "*28"),
    "a formula without cells": ("x", None, "=28"),
    "x of another row": ("pred", "*[x]", "*{below}"),
    "the first power of ten": ("plot.loss", "10^-12", "10^-11"),
    "a higher bound": ("plot.loss", "[loss]<=10^12", "[loss]<=16^12"),
    "rounded": ("x", None, "=ROUND({was},3)"),
    "without what it hides": ("loss", "([pred]-[y])^2", "IFERROR(([pred]-[y])^2,0)"),
    "on the border": ("exploded_at", "[loss]>[exploded_above]", "[loss]>=[exploded_above]"),
    "frozen on the border": ("derivative_alive", "[h]<", "[h]<="),
    "zero on one side": ("nonzero.a", "=0", "<=0"),
    "the size": ("grad_diff.a", "ABS([grad.a])+", "SQRT([grad.a]^2)+"),  # it overflows sooner
    "a lost $": ("new.a", "[learning_rate]", "{rate}"),
    "only above a number": ("pred", "[param.a]*[x]+[param.b]",
        "IF([x]>3,[param.a]*[x],0)+[param.b]"),
    "only where all is positive": ("loss", "([pred]-[y])^2",
        "IF(AND([pred]>-1000,[y]>0),([pred]-[y])^2,0)"),
    "0^0, an error in Excel": ("loss", "([pred]-[y])^2", "([pred]-[y])^2*([y]-[y])^([x]-[x])"),
    "0 to the 0th": ("loss", "([pred]-[y])^2", "([pred]-[y])^2*([y]-[y])^0"),
    "another cell in a sum that is 0": ("derivative_alive", "+ABS([grad.b])>0", "+ABS([h])>0"),
    "frozen on another border": ("derivative_alive", "[h]<", "2*[h]<"),
    "rounded far behind the point": ("pred", "+[param.b]", "+ROUND([param.b],11)"),
    "rounded where a number is 0": ("nonzero.a", ",[prev.nonzero.a],",
        ",ROUND([prev.nonzero.a],9),"),
    "rounded for the chart": ("plot.a", ",[param.a],NA())", ",ROUND([param.a],9),NA())"),
    "other sums that overflow": ("derivative_alive", "+ABS([grad.a])+ABS([grad.b])),IF",
        "+ABS([grad.a])-ABS([grad.b])),IF"),
    "a hair beside": ("grad.pred", "2*", "2.00000000001*"),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT_TODAY)
def test_one_cell_that_is_right_today(make: Make, target: Path, case: str) -> None:
    quantity, old, new = RIGHT_TODAY[case]
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        words, row = Words(sheet), steps_rows(sheet)[2]
        cell = step_cell(sheet, quantity, 2)
        was = words.of(sheet[cell].value, row)
        below = step_cell(sheet, "x", 8)
        rate = field_cell(sheet, "learning_rate")
        said = new.format(was=was[1:], below=below, rate=rate)
        changed = said if old is None else was.replace(old, said)
        assert changed != was
        sheet[cell] = words.formula(changed, row)

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.cell) == ("sgd", cell)
    told = [d.cell for d in report.differences() if "something else than xlsgd" in d.reason]
    assert told == [cell]
    assert first.reason.startswith("says something else than xlsgd's formula, =")
    assert notes(report) == []


@pytest.mark.parametrize("key", ["loss_left", "exploded_step", "steps_per_epoch"])
def test_a_field_in_other_words(make: Make, target: Path, key: str) -> None:
    others = {
        "loss_left": ("0*", "0.0+0*1*"),
        "exploded_step": ("IF(ISNUMBER(", "IF(NOT(ISERROR("),
        "steps_per_epoch": (",0)", ",0)*1"),
    }

    def edit(workbook: Workbook) -> None:
        cell = workbook["sgd"][field_cell(workbook["sgd"], key)]
        old, new = others[key]
        changed = cell.value.replace(old, new, 1)
        changed = changed.replace("),", ")),", 1) if "NOT(" in new else changed
        assert changed != cell.value
        cell.value = changed

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    (note,) = notes(report)
    assert f"({key}): written otherwise" in note


# In a branch to which hardly any numbers lead: where a loss is no number.
FIELDS_RIGHT_TODAY = {
    "another cell in a text": (
        "verdict", '"; zero gradient for every weight since step "&[zero_gradient_since]',
        '"; zero gradient for every weight since step "&[last_loss]'),
    "another word": ("verdict", '"; zero gradient for "', '"; no gradient for "'),
    "another condition": ("verdict", '[still_weights]="none"', '[still_weights]="all"'),
    "without what it hides": ("pace", "0*[last_loss]", "0*IFERROR([last_loss],0)"),
    "another cell in a product": ("pace", "0*[last_loss]", "0*[start_loss]"),
}  # fmt: skip


@pytest.mark.parametrize("case", FIELDS_RIGHT_TODAY)
def test_a_field_that_is_right_today(make: Make, target: Path, case: str) -> None:
    key, old, new = FIELDS_RIGHT_TODAY[case]

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        cell, words = sheet[field_cell(sheet, key)], Words(sheet)
        before, _, after = words.of(cell.value, cell.row).rpartition(old)
        assert before
        cell.value = words.formula(before + new + after, cell.row)

    path = edited(make("sgd"), target, edit)
    report = xlsgd.verify(path)
    cell = field_cell(openpyxl.load_workbook(path)["sgd"], key)
    assert [f"{d.sheet}!{d.cell}" for d in report.differences()] == [f"sgd!{cell}"]
    assert notes(report) == []


def test_a_root_on_the_tab_compare(make: Make, target: Path) -> None:
    # It looks at the loss beside it, which is the right one as long as that cell is right.
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["compare"]
        cell = runs_cell(sheet, "last_rmse", "sgd")
        sheet[cell] = f"=SQRT({runs_cell(sheet, 'last_loss', 'sgd')})"

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.cell, report.cells_differing) == ("compare", cell, 1)
    loss = runs_cell(openpyxl.load_workbook(target)["compare"], "last_loss", "sgd")
    assert first.reason.endswith(f"; it looks at {loss}, and xlsgd's does not")
