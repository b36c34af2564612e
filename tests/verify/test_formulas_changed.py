"""A changed formula fails at its own cell, and a column changed throughout at its first row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import (
    ROWS,
    Words,
    Workbook,
    clear_steps,
    edited,
    epochs_cell,
    field_cell,
    first_wrong,
    letter_of,
    losses_cell,
    retyped,
    runs_cell,
    step_cell,
    steps_rows,
)

Make = Callable[..., Path]

# Formulas in words: see tests.verify.books.Words.
SLIPS = {
    "sign turned": ("sgd", "new.a", "-[learning_rate]", "+[learning_rate]"),
    "other weight's slope": ("sgd", "new.a", "grad_used.a", "grad_used.b"),
    "factor 2 dropped": ("sgd", "grad.pred", "2*", ""),
    "other column": ("sgd", "pred", "[x]", "[y]"),
    "no bias": ("sgd", "pred", "+[param.b]", ""),
    "no square": ("sgd", "loss", "^2", ""),
    "h at the wrong weight": ("sgd", "loss_up.b", "[param.a]", "([param.a]+[h])"),
    "divided by 2h": ("sgd", "grad_num.a", "[h]", "(2*[h])"),
    "slope without x": ("sgd", "grad.a", "*[x]", ""),
    "the other derivative": ("sgd", "grad_used.b", '"numerical"', '"backprop"'),
    "next row of the data": ("sgd", "x", "[row]", "MOD([row],6)+1"),
    "hardly changed": ("sgd", "loss", "^2", "^2.0000001"),
    "momentum, no (1 - beta)": ("momentum", "velocity.a", "(1-[beta])*", ""),
    "momentum, beta swapped": ("momentum", "velocity.b", "(1-[beta])*", "[beta]*"),
    "nesterov, no look ahead": ("nesterov", "new.a", "*(", "*0*("),
    "rmsprop, eps in the root": ("rmsprop", "new.a", "+[eps]", "+[eps]*1000000"),
    "adam, no bias correction": ("adam", "m_hat.b", "/(1-", "+0*(1-"),
    "adam, square forgotten": ("adam", "sq_avg.a", "^2", ""),
    "adam, step off by one": ("adam", "v_hat.a", "[step]", "([step]+1)"),
    "adam, no root": ("adam", "new.b", "SQRT", "ABS"),
    "adam, betas swapped": ("adam", "avg_grad.b", "[beta1]", "[beta2]"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("places", [slice(12, 13), slice(None)], ids=["one cell", "column"])
@pytest.mark.parametrize("slip", SLIPS)
def test_formula_changed(make: Make, target: Path, slip: str, places: slice) -> None:
    tab, quantity, old, new = SLIPS[slip]
    path, changed = retyped(make(tab), target, tab, quantity, places, old, new)
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"{tab}!{changed[0]}"
    first = report.first_difference
    assert first is not None
    assert first.formula is not None
    assert first.quantity == quantity
    if places == slice(None):
        # Every formula says the same: torch disagrees, and so does what xlsgd writes.
        # The same cell fails on both counts, so neither witness hides behind the other.
        checks = {difference.check for difference in report.differences()}
        assert checks & {"step", "run"}
        assert checks <= {"step", "run", "pattern"}


@pytest.mark.parametrize(
    ("quantity", "old", "new"),
    [
        ("step", "+1", "+2"),
        ("param.a", "[prev.new.a]", "[prev.new.a]*0.999999"),
        ("exploded_at", "[exploded_above]", "[exploded_above]/1000"),
    ],
)
def test_column_changed_below_its_first_row(
    make: Make, target: Path, quantity: str, old: str, new: str
) -> None:
    path, changed = retyped(make("sgd"), target, "sgd", quantity, slice(1, None), old, new)
    assert first_wrong(xlsgd.verify(path)) == f"sgd!{changed[0]}"


@pytest.mark.sampled
@pytest.mark.parametrize("start", [20, 12, 5, 1])
@pytest.mark.parametrize(
    ("tab", "quantity", "old", "new"),
    [
        ("sgd", "new.a", "-[learning_rate]", "-0.5*[learning_rate]"),
        ("sgd", "pred", "*[x]", "*[y]"),
        ("sgd", "grad_num.b", "/[h]", "/[learning_rate]"),
        ("adam", "avg_grad.a", "(1-[beta1])*", ""),
    ],
)
def test_changed_and_filled_down_to_the_end(
    make: Make, target: Path, tab: str, quantity: str, old: str, new: str, start: int
) -> None:
    # Most rows may be wrong, and then the few right ones are not to be blamed.
    places = slice(start, None)
    path, changed = retyped(make(tab), target, tab, quantity, places, old, new)
    assert first_wrong(xlsgd.verify(path)) == f"{tab}!{changed[0]}"


@pytest.mark.sampled
@pytest.mark.parametrize("quantity", ["x", "param.a", "pred", "grad_used.a", "new.b", "plot.a"])
@pytest.mark.parametrize("off", [-1, 1, 5])
def test_copied_from_another_row(make: Make, target: Path, quantity: str, off: int) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        cell = step_cell(sheet, quantity, 12)
        sheet[cell] = sheet[step_cell(sheet, quantity, 12 + off)].value

    assert first_wrong(xlsgd.verify(edited(make("sgd"), target, edit))) == f"sgd!{cell}"


def test_copied_from_another_row_with_the_same_value(make: Make, target: Path) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        cell = step_cell(sheet, "x", 6)  # the second epoch begins as the first did
        sheet[cell] = sheet[step_cell(sheet, "x", 0)].value

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert first_wrong(report) == f"sgd!{cell}"
    assert report.cells_differing == 1


# The dollar sign


@pytest.mark.sampled
@pytest.mark.parametrize("pattern", [r"\$([A-Z]+)\$([0-9]+)", r"\$([A-Z]+)()", r"()\$([0-9]+)"])
@pytest.mark.parametrize("quantity", ["new.a", "grad_used.a", "x", "epoch"])
def test_dollar_lost_in_one_cell(make: Make, target: Path, quantity: str, pattern: str) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        cell = step_cell(sheet, quantity, 12)
        sheet[cell], count = re.subn(pattern, r"\1\2", sheet[cell].value, count=1)
        assert count == 1

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert first_wrong(report) == f"sgd!{cell}"
    assert report.cells_differing == 1


@pytest.mark.sampled
@pytest.mark.parametrize("start", [0, 12], ids=["from the top", "from the middle"])
@pytest.mark.parametrize("mark", ["", "$"], ids=["B4", "$B4"])
@pytest.mark.parametrize(("quantity", "field"), [("new.a", "learning_rate"), ("loss_up.a", "h")])
def test_dollar_lost_and_filled_down(
    make: Make, target: Path, quantity: str, field: str, mark: str, start: int
) -> None:
    top = ""

    def edit(workbook: Workbook) -> None:
        nonlocal top
        sheet = workbook["sgd"]
        top = step_cell(sheet, quantity, start)
        letter, fixed = re.fullmatch("([A-Z]+)([0-9]+)", field_cell(sheet, field)).groups()  # type: ignore[union-attr]
        for i in range(start, ROWS):
            cell = sheet[step_cell(sheet, quantity, i)]
            assert f"${letter}${fixed}" in cell.value
            moved = f"{mark}{letter}{int(fixed) + i - start}"
            cell.value = cell.value.replace(f"${letter}${fixed}", moved)

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    first = report.first_difference
    assert first is not None
    assert first.quantity == quantity
    row, first_row = (int(re.sub("[A-Z]", "", cell)) for cell in (first.cell, top))
    # The first of them still looks at the right cell.
    assert row in (first_row, first_row + 1)


def test_dollar_gained_and_filled_down(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        x = letter_of(sheet, "x", "step")
        for place, row in enumerate(steps_rows(sheet)):
            cell = sheet[step_cell(sheet, "pred", place)]
            cell.value = cell.value.replace(f"{x}{row}", f"${x}${steps_rows(sheet)[0]}")

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    first = report.first_difference
    assert first is not None
    # In the first row the value is still right, and the formula is wrong already.
    assert (first.quantity, first.step, first.check) == ("pred", 1, "pattern")


# Right today and wrong tomorrow


@pytest.mark.parametrize(
    ("quantity", "words"),
    [("param.a", "=[init.b]"), ("exploded_at", "=0"), ("derivative_alive", "=[step]")],
)
def test_first_row_right_by_chance(make: Make, target: Path, quantity: str, words: str) -> None:
    # init.a and init.b are both 1 and nothing explodes.
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        cell = step_cell(sheet, quantity, 0)
        sheet[cell] = Words(sheet).formula(words, steps_rows(sheet)[0])

    assert first_wrong(xlsgd.verify(edited(make("sgd"), target, edit))) == f"sgd!{cell}"


def test_compare_copied_from_another_run_with_the_same_words(small: Path, target: Path) -> None:
    # Both runs are converging today.
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["compare"]
        cell = runs_cell(sheet, "verdict", "adam")
        sheet[cell] = sheet[runs_cell(sheet, "verdict", "sgd")].value

    assert first_wrong(xlsgd.verify(edited(small, target, edit))) == f"compare!{cell}"


# Tables of epochs, panel, compare


@pytest.mark.parametrize(
    ("quantity", "place", "old", "new"),
    [
        ("epoch", 2, "+1", "+2"),
        ("mean_loss", 1, "AVERAGEIF", "SUMIF"),
        ("mean_loss", 2, "{epoch2}", "{epoch1}"),
        ("mean_loss", 3, "{last}", "{last but one}"),
        ("rmse", 0, "SQRT", ""),
        ("rmse", 1, "{loss1}", "{loss0}"),
        ("change", 2, "-1", ""),
        ("change", 3, "{loss2}", "{loss1}"),
    ],
)
def test_table_of_epochs(
    make: Make, target: Path, quantity: str, place: int, old: str, new: str
) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        names = {f"epoch{i}": epochs_cell(sheet, "epoch", i) for i in range(4)}
        names |= {f"loss{i}": epochs_cell(sheet, "mean_loss", i) for i in range(4)}
        names["last"] = f"${steps_rows(sheet)[-1]}"
        names["last but one"] = f"${steps_rows(sheet)[-2]}"
        cell = epochs_cell(sheet, quantity, place)
        before = sheet[cell].value
        sheet[cell] = before.replace(old.format(**names), new.format(**names))
        assert sheet[cell].value != before

    assert first_wrong(xlsgd.verify(edited(make("sgd"), target, edit))) == f"sgd!{cell}"


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("exploded_step", "MAX(", "COUNT("),
        ("frozen_since", "MAX", "MIN"),
        ("rises", ">0.01", ">-5"),
        ("falls", "<-0.01", "<0.5"),
        ("last_change", "MATCH(", "MATCH(1*2+0*"),
        ("last_loss", "MATCH(", "MATCH(1*2+0*"),
        ("last_rmse", "MATCH(", "MATCH(1*2+0*"),
        ("last_step", "MAX", "MIN"),
        ("last_epoch", "MAX", "MIN"),
        ("rows", "COUNT", "1+COUNT"),
        ("steps_per_epoch", "/", "/2/"),
        ("trend", '"converging"', '"diverging"'),
        ("verdict", "=", '="!"&'),
    ],
)
def test_panel(make: Make, target: Path, key: str, old: str, new: str) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["sgd"]
        cell = field_cell(sheet, key)
        assert old in sheet[cell].value
        sheet[cell] = sheet[cell].value.replace(old, new, 1 if key == "verdict" else -1)

    path = edited(make("sgd"), target, edit)
    assert first_wrong(xlsgd.verify(path)) == f"sgd!{cell}"


def test_compare_copied_from_another_run(small: Path, target: Path) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["compare"]
        cell = runs_cell(sheet, "last_loss", "adam")
        sheet[cell] = sheet[runs_cell(sheet, "last_loss", "sgd")].value

    assert first_wrong(xlsgd.verify(edited(small, target, edit))) == f"compare!{cell}"


def test_compare_losses_of_another_run(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["compare"]
        for place in range(4):
            cell = sheet[losses_cell(sheet, "mean_loss.adam", place)]
            cell.value = cell.value.replace("adam!", "sgd!")

    report = xlsgd.verify(edited(small, target, edit))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.quantity) == ("compare", "mean_loss.adam")


# What a formula gives that is no number


@pytest.mark.parametrize(
    "words",
    [
        *("=1/0", "=NOSUCHFUNCTION([x])", '="12"', "=[x]+", "=nosheet!A1", "=[pred]", "=#REF!"),
        *('=""', "=RAND()", "=INDIRECT(1)", "=[loss]"),
    ],
)
def test_formula_without_the_number(make: Make, target: Path, words: str) -> None:
    cell = formula = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell, formula
        sheet = workbook["sgd"]
        cell = step_cell(sheet, "pred", 12)
        formula = Words(sheet).formula(words, steps_rows(sheet)[12])
        sheet[cell] = formula

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert first_wrong(report) == f"sgd!{cell}"
    first = report.first_difference
    assert first is not None
    assert first.formula == formula


def test_a_row_cleared_in_the_middle(make: Make, target: Path) -> None:
    below = ""

    def edit(workbook: Workbook) -> None:
        nonlocal below
        sheet = workbook["sgd"]
        below = step_cell(sheet, "step", 13)
        clear_steps(sheet, steps_rows(sheet)[12:13])

    # An empty row is none of the table's; the first that misses it is the one below.
    assert first_wrong(xlsgd.verify(edited(make("sgd"), target, edit))) == f"sgd!{below}"
