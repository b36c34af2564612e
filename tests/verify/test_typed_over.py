"""A number typed over a formula fails at that very cell, whatever the column and the row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import (
    ROWS,
    Workbook,
    edited,
    epochs_cell,
    field_cell,
    first_wrong,
    losses_cell,
    runs_cell,
    step_cell,
)
from xlsgd.lessons import Options, lesson_plans
from xlsgd.tabs.layouts.rows.layout import LAYOUT

Make = Callable[..., Path]


def columns(optimizer: str) -> list[str]:
    """Return the quantities on the tab of an optimizer, from the program."""
    lesson = lesson_plans()["graddesc"].build(Options(optimizers=(optimizer,)))
    return [column.quantity for column in LAYOUT.tables(lesson.views[0])["steps"]]


EVERY_COLUMN = [(tab, quantity) for tab in ("sgd", "adam") for quantity in columns(tab)]

A_COLUMN_OF_EACH_KIND = [
    *("step", "epoch", "row", "x", "y", "param.a", "pred", "loss", "loss_up.b", "grad_num.a"),
    *("grad.pred", "grad.b", "grad_diff.a", "grad_used.a", "avg_grad.a", "sq_avg.b", "m_hat.a"),
    *("v_hat.b", "new.b", "exploded_at", "derivative_alive", "plot.loss", "plot.b"),
]

FIRST_CONSTANTS = ("step", "epoch", "row")
"""Columns that begin with a number which the generator itself typed."""

PANEL = [
    *("verdict", "exploded_step", "frozen_since", "trend", "rises", "falls", "last_change"),
    *("last_loss", "last_rmse", "last_step", "last_epoch", "rows", "steps_per_epoch"),
]


def typed_over(source: Path, target: Path, tab: str, cell: str, value: object) -> Path:
    """Save a workbook with a value typed into a cell."""

    def edit(workbook: Workbook) -> None:
        assert workbook[tab][cell].value != value
        workbook[tab][cell].value = value

    return edited(source, target, edit)


def slightly_off(value: object) -> object:
    """Return a number that is off by a millionth; a text with an addition."""
    if isinstance(value, str):
        return f"{value}, well"
    assert isinstance(value, int | float)
    return value * (1 + 1e-6) if value else 1e-6


@pytest.mark.sampled(20)
@pytest.mark.parametrize(("tab", "quantity"), EVERY_COLUMN)
def test_a_millionth_off_in_every_column(
    make: Make, values: Workbook, target: Path, tab: str, quantity: str
) -> None:
    cell = step_cell(values[tab], quantity, 12)
    path = typed_over(make(tab), target, tab, cell, slightly_off(values[tab][cell].value))
    assert first_wrong(xlsgd.verify(path)) == f"{tab}!{cell}"


@pytest.mark.sampled
@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("quantity", A_COLUMN_OF_EACH_KIND)
def test_wrong_number_in_other_rows(
    make: Make, values: Workbook, target: Path, quantity: str, place: int
) -> None:
    cell = step_cell(values["adam"], quantity, place)
    path = typed_over(make("adam"), target, "adam", cell, slightly_off(values["adam"][cell].value))
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"adam!{cell}"
    first = report.first_difference
    assert first is not None
    assert first.quantity == quantity
    assert first.formula is None


def test_the_very_numbers_that_were_there(make: Make, values: Workbook, target: Path) -> None:
    # They change nothing today, so all of them can be typed into one workbook.
    sheet = values["adam"]
    wanted = {
        step_cell(sheet, quantity, place)
        for quantity in A_COLUMN_OF_EACH_KIND
        for place in (0, 1, 12, -1)
        if place or quantity not in FIRST_CONSTANTS
    }

    def edit(workbook: Workbook) -> None:
        for cell in wanted:
            assert str(workbook["adam"][cell].value).startswith("=")
            workbook["adam"][cell] = sheet[cell].value

    report = xlsgd.verify(edited(make("adam"), target, edit))
    found = {difference.cell: difference for difference in report.differences()}
    assert found.keys() == wanted
    for difference in found.values():
        assert difference.check == "pattern"
        assert "where its column has a formula" in difference.reason
    assert first_wrong(report) == f"adam!{step_cell(sheet, 'x', 0)}"


@pytest.mark.sampled
@pytest.mark.parametrize("quantity", ["x", "param.a", "pred", "loss", "new.a", "plot.a"])
@pytest.mark.parametrize("value", [None, "oops", True, "#N/A", ""], ids=str)
def test_no_number_in_a_cell(
    make: Make, values: Workbook, target: Path, quantity: str, value: object
) -> None:
    cell = step_cell(values["sgd"], quantity, 12)
    path = typed_over(make("sgd"), target, "sgd", cell, value)
    assert first_wrong(xlsgd.verify(path)) == f"sgd!{cell}"


@pytest.mark.sampled
@pytest.mark.parametrize("quantity", ["epoch", "mean_loss", "rmse", "change"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_table_of_epochs(
    make: Make, values: Workbook, target: Path, quantity: str, place: int
) -> None:
    sheet = values["sgd"]
    cell = epochs_cell(sheet, quantity, place)
    path = typed_over(make("sgd"), target, "sgd", cell, slightly_off(sheet[cell].value))
    assert first_wrong(xlsgd.verify(path)) == f"sgd!{cell}"


@pytest.mark.sampled
@pytest.mark.parametrize("right", [True, False], ids=["same value", "other value"])
@pytest.mark.parametrize("key", PANEL)
def test_panel(make: Make, values: Workbook, target: Path, key: str, right: bool) -> None:
    cell = field_cell(values["sgd"], key)
    value = values["sgd"][cell].value
    if not right:
        value = f"{value} well" if isinstance(value, str) else value + 1
    path = typed_over(make("sgd"), target, "sgd", cell, value)
    assert first_wrong(xlsgd.verify(path)) == f"sgd!{cell}"


def test_verdict_typed_over_is_not_agreed_with(make: Make, values: Workbook, target: Path) -> None:
    cell = field_cell(values["sgd"], "verdict")
    report = xlsgd.verify(typed_over(make("sgd"), target, "sgd", cell, "converged at last"))
    sheet = next(sheet for sheet in report.sheets if sheet.name == "sgd")
    assert sheet.verdict is not None
    assert not sheet.verdict.agree
    assert sheet.verdict.sheet == "converged at last"
    assert sheet.verdict.torch == "converging"


@pytest.mark.sampled
@pytest.mark.parametrize("right", [True, False], ids=["same value", "other value"])
@pytest.mark.parametrize(
    "quantity",
    [
        *("optimizer", "learning_rate", "last_loss", "last_rmse"),
        *("epochs_to_target", "steps_to_target", "verdict"),
    ],
)
def test_table_of_runs_on_compare(
    small: Path, values: Workbook, target: Path, quantity: str, right: bool
) -> None:
    sheet = values["compare"]
    cell = runs_cell(sheet, quantity, "adam")
    value = sheet[cell].value
    path = typed_over(small, target, "compare", cell, value if right else slightly_off(value))
    assert first_wrong(xlsgd.verify(path)) == f"compare!{cell}"


@pytest.mark.parametrize("name", ["", "not a run", "SGD?"])
def test_name_of_a_run_on_compare(small: Path, values: Workbook, target: Path, name: str) -> None:
    cell = runs_cell(values["compare"], "experiment", "sgd")
    path = typed_over(small, target, "compare", cell, name or None)
    assert first_wrong(xlsgd.verify(path)) == f"compare!{cell}"


@pytest.mark.sampled
@pytest.mark.parametrize("right", [True, False], ids=["same value", "other value"])
@pytest.mark.parametrize("quantity", ["mean_loss.adam", "reached.sgd", "plot.adam"])
@pytest.mark.parametrize("place", [0, 2])
def test_table_of_losses_on_compare(
    small: Path, values: Workbook, target: Path, quantity: str, place: int, right: bool
) -> None:
    sheet = values["compare"]
    cell = losses_cell(sheet, quantity, place)
    value = sheet[cell].value
    value = value if right else 1 - value if quantity == "reached.sgd" else slightly_off(value)
    path = typed_over(small, target, "compare", cell, value)
    assert first_wrong(xlsgd.verify(path)) == f"compare!{cell}"


def test_a_whole_column_of_numbers(make: Make, values: Workbook, target: Path) -> None:
    sheet = values["sgd"]
    column = [step_cell(sheet, "grad_used.b", place) for place in range(ROWS)]

    def edit(workbook: Workbook) -> None:
        for cell in column:
            workbook["sgd"][cell] = sheet[cell].value

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert [difference.cell for difference in report.differences()] == column


def test_two_mistakes_are_both_told_the_earlier_first(
    make: Make, values: Workbook, target: Path
) -> None:
    late, early = (step_cell(values["sgd"], q, p) for q, p in (("x", 15), ("plot.b", 9)))

    def edit(workbook: Workbook) -> None:
        workbook["sgd"][late] = 1
        workbook["sgd"][early] = 1

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert first_wrong(report) == f"sgd!{early}"
    assert late in {difference.cell for difference in report.differences()}


def test_a_mistake_is_found_first_where_compare_stands_before_it(
    small: Path, values: Workbook, target: Path
) -> None:
    cell = step_cell(values["adam"], "loss", 12)

    def edit(workbook: Workbook) -> None:
        workbook.move_sheet("compare", -10)
        workbook["adam"][cell] = 1e5

    assert first_wrong(xlsgd.verify(edited(small, target, edit))) == f"adam!{cell}"
