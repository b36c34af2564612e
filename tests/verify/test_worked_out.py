"""exploded_above and chart_limit: inputs that a tab works out until somebody types over them; and
circles, which once ended the check there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.verify.books import (
    Sheet,
    Workbook,
    edited,
    field_cell,
    first_wrong,
    letter_of,
    passes,
    step_cell,
    steps_rows,
)
from xlsgd.base.errors import WorkbookError
from xlsgd.report import Report

Make = Callable[..., Path]


def changed(source: Path, target: Path, change: Callable[[Sheet], None]) -> Report:
    """Return what verify finds once the tab sgd has been changed."""
    return xlsgd.verify(edited(source, target, lambda workbook: change(workbook["sgd"])))


def set_field(key: str, change: Callable[[str], object]) -> Callable[[Sheet], None]:
    """Return a change that puts something else into a field."""

    def edit(sheet: Sheet) -> None:
        cell = sheet[field_cell(sheet, key)]
        before = cell.value
        cell.value = change(before)
        assert cell.value != before

    return edit


# A formula that is not xlsgd's


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("exploded_above", "MAX(MAX", "MIN(MAX"),
        ("exploded_above", "=10^", "=1.0001*10^"),
        ("exploded_above", "1+LOG10", "2+LOG10"),
        ("chart_limit", "ABS(", "-ABS("),
        ("chart_limit", "=10^", "=-10^"),
        ("chart_limit", "$B$11)", "$B$10)"),
    ],
)
def test_another_formula_is_told(make: Make, target: Path, key: str, old: str, new: str) -> None:
    change = set_field(key, lambda formula: str(formula).replace(old, new, 1))
    report = changed(make("sgd"), target, change)
    assert passes(report)
    (note,) = (note for note in report.notes if f"({key})" in note)
    assert "is not xlsgd's formula; taken as it is" in note


def test_another_formula_changes_no_verdict_in_silence(make: Make, target: Path) -> None:
    source = make("sgd", learning_rate=0.001)
    report = changed(source, target, set_field("exploded_above", lambda _: "=10^300"))
    assert passes(report)
    (note,) = (note for note in report.notes if "(exploded_above)" in note)
    assert "it changes the verdict" in note
    assert "with xlsgd's 'exploded at step" in note


def test_another_formula_that_gives_no_number(make: Make, target: Path) -> None:
    with pytest.raises(WorkbookError, match=r"\(exploded_above\): got #DIV/0!") as e:
        changed(make("sgd"), target, set_field("exploded_above", lambda _: "=1/0"))
    assert "its formula, =1/0, is not xlsgd's: type one" in str(e.value)


@pytest.mark.parametrize("limit", [-1, 0, 1e-3, 1e9])
def test_a_limit_typed_in_is_an_input(make: Make, target: Path, limit: float) -> None:
    report = changed(make("sgd"), target, set_field("chart_limit", lambda _: limit))
    assert passes(report)
    assert not [note for note in report.notes if "chart_limit" in note]


# What is wrong upstream is named there


@pytest.mark.parametrize(
    ("quantity", "change"),
    [
        ("x", lambda _: 1000.0),
        ("y", lambda _: -100000.0),
        ("x", lambda formula: f"{formula}*50"),
        ("start_loss", lambda formula: f"{formula}*1000000"),
    ],
)
def test_the_cell_upstream_is_named(
    make: Make, target: Path, quantity: str, change: Callable[[object], object]
) -> None:
    wrong = []

    def edit(sheet: Sheet) -> None:
        wrong.append(step_cell(sheet, quantity, 2))
        sheet[wrong[0]].value = change(sheet[wrong[0]].value)

    report = changed(make("sgd"), target, edit)
    assert first_wrong(report) == f"sgd!{wrong[0]}"
    limits = {"exploded_above", "chart_limit"}
    assert not [d for d in report.differences() if d.quantity in limits]


def test_a_square_that_no_cell_can_hold(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        data = workbook["data"]
        data[f"{letter_of(data, 'y', 'x')}8"].value = 1e200

    with pytest.raises(WorkbookError, match=r"data!B8 \(y\): got 1e\+200, whose square is beyond"):
        xlsgd.verify(edited(make("sgd"), target, edit))


# Circles


@pytest.mark.parametrize("quantity", ["row", "x", "y"])
def test_a_circle_is_named_and_nothing_else(make: Make, target: Path, quantity: str) -> None:
    # From the fifth row of data over its prediction and slope to its new weight, and back again.
    circle = set[str]()

    def edit(sheet: Sheet) -> None:
        cell = sheet[step_cell(sheet, quantity, 4)]
        cell.value += f"+0*{step_cell(sheet, 'new.a', 4)}"
        circle.update(step_cell(sheet, name, 4) for name in (quantity, "grad_used.a", "new.a"))

    report = changed(make("sgd"), target, edit)
    named = {d.cell for d in report.differences() if d.sheet == "sgd"}
    assert circle <= named
    row = steps_rows(openpyxl.load_workbook(target)["sgd"])[4]
    assert {int("".join(filter(str.isdigit, cell))) for cell in named} == {row}
    assert first_wrong(report).removeprefix("sgd!") in circle
    waiting = [d for d in report.differences() if "waits for" in d.reason]
    assert waiting == []
    assert sum(sheet.cells_following for sheet in report.sheets) > 100


def test_a_cell_that_needs_itself(make: Make, target: Path) -> None:
    wrong = []

    def edit(sheet: Sheet) -> None:
        wrong.append(step_cell(sheet, "start_loss", 4))
        sheet[wrong[0]].value += f"+0*{wrong[0]}"

    report = changed(make("sgd"), target, edit)
    assert [d.cell for d in report.differences()] == wrong
    assert "it needs itself" in next(report.differences()).reason
