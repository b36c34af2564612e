"""The rules of known harmless differences: what each explains, and what none of them does."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from xlsgd.base.cells import Book, CellError, Formula, Position, WorkbookFile
from xlsgd.checks.harmless import RULES, Circumstances, explosion, rule_of
from xlsgd.engines import (
    EQUAL_BY_EPSILON,
    ERRORS_LEFT_OUT,
    FIFTEEN_DIGITS,
    MORE_DIGITS,
    NEAR_ZERO,
    Calculation,
)
from xlsgd.engines.formulas import ENGINE
from xlsgd.report import Difference, Report, RunVerdict
from xlsgd.report.tolerances import TOLERANCES
from xlsgd.tabs.layouts.torch_whole_runs import WholeRuns
from xlsgd.verifying.opening import Opened, open_workbook
from xlsgd.verifying.verification import examine

pytestmark = pytest.mark.every

LAST_DIGITS = (FIFTEEN_DIGITS, NEAR_ZERO, MORE_DIGITS)
HABITS = (*LAST_DIGITS, ERRORS_LEFT_OUT, EQUAL_BY_EPSILON)


def rule(
    sheet: Any, torch: Any, *habits: str, exploded: int | None = None, quantity: str = "loss",
    rounding: float = 0.0, step: int | None = 5, check: str = "step", least: float | None = None,
) -> str | None:  # fmt: skip
    """Return the rule that explains a value in a sheet where torch has another."""
    off = allowed = None
    if isinstance(sheet, float) and isinstance(torch, float):
        off = abs(sheet - torch)
        allowed = TOLERANCES["step"].rtol * abs(torch) + TOLERANCES["step"].atol + rounding
    found = Difference(
        "tab", "A1", quantity, check, "", "=1", step, sheet, torch, off=off, allowed=allowed
    )
    known = Circumstances(
        frozenset(habits), TOLERANCES, exploded, steps=29, chart_limit=1000.0, least_loss=least
    )
    return rule_of(found, known)


def test_without_habits_nothing_is_harmless() -> None:
    for each in RULES:
        assert each.habits <= {*HABITS}
    assert rule(1.0, 1.0 + 2e-9, rounding=1e-9) is None
    assert rule(0.0, 1e-9, rounding=1e-9, exploded=1) is None
    assert rule(0.0, math.nan, exploded=1, quantity="grad_diff.a") is None


def test_fifteen_digits() -> None:
    for off, expected in ((20e-9, "fifteen digits"), (24e-9, None)):
        assert rule(1.0 + off, 1.0, FIFTEEN_DIGITS, rounding=1e-9) == expected
        assert rule(1.0 + off, 1.0, MORE_DIGITS, rounding=1e-9) is None
    # Where rounding explains nothing there is nothing to be stretched.
    assert rule(1.0 + 2e-12, 1.0, FIFTEEN_DIGITS) is None
    assert rule(CellError("#NUM!"), 1.0, FIFTEEN_DIGITS, rounding=1e9) is None


def test_near_zero() -> None:
    for torch, expected in ((15e-9, "near zero"), (-15e-9, "near zero"), (17e-9, None)):
        assert rule(0.0, torch, NEAR_ZERO, rounding=1e-9) == expected
    assert rule(1e-300, 15e-9, NEAR_ZERO, rounding=1e-9) is None
    assert rule(0.0, math.inf, NEAR_ZERO, rounding=1e-9) is None


@pytest.mark.parametrize(("least", "name"), [(1e-18, "equal to nothing"), (1e-15, None), (0, None)])
def test_equal_to_nothing(least: float, name: str | None) -> None:
    habit = EQUAL_BY_EPSILON
    for sheet, torch, quantity in (
        (0.0, -0.9, "change"), (0.0, -0.9, "last_change"), (0.0, 8.0, "falls"),
        ("converged", "converging", "trend"), ("standing still", "converging slowly", "trend"),
        ("converged; relu dead since step 1", "converging; relu dead since step 1", "verdict"),
    ):  # fmt: skip
        assert rule(sheet, torch, habit, quantity=quantity, least=least) == name
        assert rule(sheet, torch, *LAST_DIGITS, quantity=quantity, least=least) is None
    for sheet, torch, quantity in (
        (0.1, -0.9, "change"), (9.0, 8.0, "falls"), (0.5, 8.0, "falls"), (0.0, 1e-18, "loss"),
        ("converged", "diverging", "trend"), ("oscillating", "converging", "trend"),
        ("converged", "converging; relu dead since step 1", "verdict"),
    ):  # fmt: skip
        assert rule(sheet, torch, habit, quantity=quantity, least=least) is None
    assert rule(0.0, -0.9, habit, quantity="change", least=least, check="pattern") is None


def test_a_loss_that_is_nothing_to_ironcalc_is_explained(tmp_path: Path) -> None:
    path = xlsgd.generate("one-weight", tmp_path / "w.xlsx", epochs=30)
    report = xlsgd.verify(path, engine="ironcalc")
    assert report.ok
    rules = {sheet.name: dict(sheet.harmless) for sheet in report.sheets}
    assert "equal to nothing" in rules["settles"]
    assert rules["explodes"] == rules["uncleared"] == {}


@pytest.mark.parametrize("habit", LAST_DIGITS)
def test_after_the_explosion(habit: str) -> None:
    late = "after the explosion"
    for quantity in ("derivative_alive", "not_finite_at"):
        assert rule(7.0, 9.0, habit, exploded=5, quantity=quantity, step=10) == late
        assert rule(7.0, 9.0, habit, exploded=11, quantity=quantity, step=10) is None
        assert rule(7.0, 9.0, habit, quantity=quantity, step=10) is None
    assert rule(7.0, 9.0, habit, exploded=5, quantity="frozen_since", step=None) == late
    assert rule(0.0, 9.0, habit, exploded=5, quantity="frozen_since", step=None) == late
    assert rule(4.0, 9.0, habit, exploded=5, quantity="derivative_alive", step=10) == late
    # What cannot be: a step before the explosion, none that is whole, one that is still to come.
    for quantity in ("derivative_alive", "not_finite_at", "frozen_since", "not_finite_step"):
        for sheet in (1.0, 3.0, -3.0, 7.5, 11.0, 1e9, math.inf, math.nan):
            assert rule(sheet, 9.0, habit, exploded=5, quantity=quantity, step=10) is None
        assert rule(7.0, 3.0, habit, exploded=5, quantity=quantity, step=10) is None
        assert rule(30.0, 9.0, habit, exploded=5, quantity=quantity, step=None) is None
    for quantity in ("loss", "new.a", "grad_num.a", "exploded_at", "exploded_step", "last_loss"):
        assert rule(4.0, 9.0, habit, exploded=5, quantity=quantity) is None
    for rounding, expected in ((0.002, late), (0.0005, None)):
        found = rule(0.1, 0.9, habit, exploded=5, quantity="grad_diff.a", rounding=rounding)
        assert found == expected
    text = "exploded at step 5; numerical derivative frozen since step {}"
    assert rule(text.format(9), text.format(8), habit, exploded=5, step=None) == late
    assert rule(text.format(9), "exploded at step 5", habit, exploded=5, step=None) == late
    others = (
        "exploded at step 6",
        "converging",
        text.format(4),
        text.format(9) + "; relu1 dead since step 3",
    )
    for other in others:
        assert rule(text.format(9), other, habit, exploded=5, step=None) is None
    assert rule(4.0, 9.0, habit, exploded=5, quantity="not_finite_at", check="pattern") is None


def test_wider_range() -> None:
    wider = "wider range"
    assert rule(0.0, math.nan, MORE_DIGITS, exploded=5) == wider
    assert rule(1e300, math.inf, MORE_DIGITS, exploded=5) == wider
    assert rule(-1000.0, 1000.0, MORE_DIGITS, exploded=5, quantity="plot.a") == wider
    assert rule(-1000.0, 1000.0, MORE_DIGITS, exploded=5, quantity="param.a") is None
    assert rule(1000.0, -1000.0, MORE_DIGITS, exploded=5, quantity="plot.a") is None
    for weight in (25.7, 999.9, 1001.0):  # not at the edge: another sign is an error
        assert rule(-weight, weight, MORE_DIGITS, exploded=5, quantity="plot.a") is None
    assert rule(0.0, math.nan, MORE_DIGITS) is None
    assert rule(0.0, math.nan, MORE_DIGITS, exploded=6) is None
    assert rule(0.0, math.nan, FIFTEEN_DIGITS, NEAR_ZERO, exploded=5) is None
    assert rule(CellError("#NUM!"), 1.0, MORE_DIGITS, exploded=5) is None


def test_errors_left_out() -> None:
    def left_out(sheet: Any, torch: Any, quantity: str, **known: Any) -> str | None:
        known = {"exploded": 5, "step": None, **known}
        return rule(
            sheet, torch, *known.pop("habits", [ERRORS_LEFT_OUT]), quantity=quantity, **known
        )

    for quantity in (
        "mean_loss",
        "mean_loss.two-7",
        "rmse",
        "change",
        "lowest",
        "last_loss",
        "pace",
    ):
        for torch in (math.nan, math.inf):
            assert left_out(1e171, torch, quantity) == "errors left out"
            # Not in a run that does not explode, and not in a program without the habit.
            assert left_out(1e171, torch, quantity, exploded=None) is None
            assert left_out(1e171, torch, quantity, habits=LAST_DIGITS[:2]) is None
        # A number where torch has another one is another matter, and so is none where it has one.
        assert left_out(1e171, 1e170, quantity) is None
        assert left_out(math.nan, 1e170, quantity) is None
        assert left_out(CellError("#NUM!"), 1e170, quantity) is None
        assert left_out(1e171, math.nan, quantity, check="pattern") is None
    for quantity in ("loss", "param.a", "new.a", "grad.a", "plot.a", "exploded_at", "start_loss"):
        assert left_out(1e171, math.nan, quantity) is None
    assert left_out(3.0, 2.0, "rises") == "errors left out"
    for sheet in (1.0, 4.0, 3.5):
        assert left_out(sheet, 2.0, "rises") is None
    assert left_out(3.0, 2.0, "rises", exploded=None) is None
    assert left_out("diverging", "not finite", "trend") == "errors left out"
    for sheet, torch in (
        ("diverging", "too slow"),
        ("not finite", "diverging"),
        ("8", "not finite"),
    ):
        assert left_out(sheet, torch, "trend") is None
    for quantity in ("verdict", "mean_loss"):
        assert left_out("diverging", "not finite", quantity) is None


def test_an_explosion_is_one_that_both_sides_see() -> None:
    one = RunVerdict("exploded at step 5", "exploded at step 5", (), True, "exploded", 5, "A1")
    assert explosion(one) == 5
    assert explosion(replace(one, sheet="exploded at step 5; no number since step 9")) == 5
    assert explosion(replace(one, sheet="exploded at step 6")) is None
    assert explosion(replace(one, kind="dead")) is None


# In a workbook


@pytest.fixture(scope="module")
def exploding(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    path = tmp_path_factory.mktemp("habits") / "two.xlsx"
    xlsgd.generate("graddesc", path, optimizers=["sgd"], epochs=2, learning_rate=0.0005)
    return open_workbook(path, "formulas")


_runs = WholeRuns()


def copied(opened: Opened) -> Book:
    """Return a workbook's cells, to be changed."""
    sheets = {name: dict(grid) for name, grid in opened.file.book.sheets.items()}
    return replace(opened.file.book, sheets=sheets)


def examined(opened: Opened, *habits: str, **cells: Any) -> Report:
    """Return what verify says if an engine with these habits has other values in some cells.

    cells: address on the tab sgd to a value.
    """
    from xlsgd.base.cells import column_number

    def place(address: str) -> Position:
        letters = address.rstrip("0123456789")
        return int(address[len(letters) :]), column_number(letters)

    values = {name: dict(grid) for name, grid in opened.calculation.values.items()}
    for address, value in cells.items():
        values["sgd"][place(address)] = value
    file = WorkbookFile(opened.file.path, opened.file.book, values)  # stored as calculated
    changed = replace(opened, file=file, calculation=Calculation(values, habits=frozenset(habits)))
    return examine(changed, "two.xlsx", TOLERANCES, runs=_runs)


def cell_of(opened: Opened, quantity: str, step: int) -> str:
    from xlsgd.sheets.maps import address

    return address(opened.found.maps.training["sgd"].tables["steps"].cell(quantity, step - 1))


def test_a_late_difference_is_harmless_only_for_a_program_with_the_habit(exploding: Opened) -> None:
    cell = cell_of(exploding, "derivative_alive", 40)
    plain = examined(exploding, **{cell: 39.0})
    assert [d.cell for d in plain.differences()] == [cell]
    assert plain.cells_harmless == 0
    report = examined(exploding, MORE_DIGITS, **{cell: 39.0})
    assert report.ok
    assert (report.cells_differing, report.cells_harmless) == (0, 1)
    sheet = next(s for s in report.sheets if s.name == "sgd")
    assert [d.cell for d in sheet.harmless["after the explosion"]] == [cell]


def test_another_sign_in_a_chart_is_none_of_a_habit(exploding: Opened) -> None:
    quantity = "plot.loss"
    steps = exploding.found.maps.training["sgd"].tables["steps"]
    for step in (12, 15):
        cell = cell_of(exploding, quantity, step)
        value = exploding.calculation.values["sgd"][steps.cell(quantity, step - 1)]
        assert isinstance(value, float)
        assert not examined(exploding, *HABITS, **{cell: -value}).ok


@pytest.mark.parametrize("value", [1.0, -3.0, 1e9])
def test_a_step_that_cannot_be_is_none_of_a_habit(exploding: Opened, value: float) -> None:
    from xlsgd.sheets.maps import address

    for field in ("frozen_since", "not_finite_step"):
        cell = address(exploding.found.maps.training["sgd"].fields[field])
        report = examined(exploding, *HABITS, **{cell: value})
        assert not report.ok
        assert cell in [d.cell for d in report.differences()]


@pytest.mark.parametrize(("quantity", "step"), [("new.a", 40), ("grad_diff.a", 40), ("loss", 3)])
def test_a_real_difference_is_none_of_a_habit(exploding: Opened, quantity: str, step: int) -> None:
    cell = cell_of(exploding, quantity, step)
    report = examined(exploding, *HABITS, **{cell: 12345.0})
    assert not report.ok
    assert cell in [d.cell for d in report.differences()]


def test_a_formula_that_was_changed_is_none_of_a_habit(exploding: Opened) -> None:
    cell = cell_of(exploding, "derivative_alive", 40)
    book = copied(exploding)
    table = exploding.found.maps.training["sgd"].tables["steps"]
    book.sheets["sgd"][table.cell("derivative_alive", 39)] = Formula("=39")
    calculated = Calculation(ENGINE.calculate(book).values, habits=frozenset(HABITS))
    file = WorkbookFile(exploding.file.path, book, calculated.values)
    changed = replace(exploding, file=file, calculation=calculated)
    report = examine(changed, "x", TOLERANCES, runs=_runs)
    assert [d.cell for d in report.differences()] == [cell]
    assert report.cells_harmless == 0
