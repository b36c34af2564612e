"""Inputs that nobody can train with: a message that names the cell, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import (
    Workbook,
    clear_steps,
    edited,
    field_cell,
    header_row,
    key_cell,
    step_cell,
    steps_rows,
)
from xlsgd.base.errors import SpecError, WorkbookError

Make = Callable[..., Path]


def refusal(path: Path) -> str:
    """Return why verify refuses a file."""
    with pytest.raises(WorkbookError) as caught:
        xlsgd.verify(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def with_field(source: Path, target: Path, tab: str, key: str, value: object) -> tuple[Path, str]:
    """Save a workbook with another value beside a key; return it and the cell."""
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook[tab]
        cell = field_cell(sheet, key)
        sheet[cell] = value

    return edited(source, target, edit), cell


@pytest.mark.sampled
@pytest.mark.parametrize("key", ["learning_rate", "h", "init.a", "exploded_above", "batch_size"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("fast", "got 'fast', need a number"),
        (None, "got nothing, need a number"),
        ("#N/A", "got #N/A, need a number"),
        ("=1/0", "got #DIV/0!, need a number"),
        ("=NOSUCHFUNCTION(1)", "got not computed: "),
        (True, "got True, need a number"),
        ("'0.001", 'got "\'0.001", need a number'),
        ('="0.1"', "got '0.1', need a number"),
    ],
    ids=str,
)
def test_input_is_no_number(make: Make, target: Path, key: str, value: object, shown: str) -> None:
    path, cell = with_field(make("sgd"), target, "sgd", key, value)
    assert refusal(path).startswith(f"sgd!{cell} ({key}): {shown}")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("learning_rate", -1, "got -1, need a number 0 or greater"),
        ("h", 0, "got 0, need a number greater than 0"),
        ("h", -0.01, "got -0.01, need a number greater than 0"),
        ("beta1", 1, "got 1, need a number from 0, below 1"),
        ("beta2", -0.1, "got -0.1, need a number from 0, below 1"),
        ("eps", -1, "got -1, need"),
    ],
)
def test_input_out_of_range(make: Make, target: Path, key: str, value: float, words: str) -> None:
    path, cell = with_field(make("adam"), target, "adam", key, value)
    message = refusal(path)
    assert words in message
    assert key in message
    assert f"adam!{cell}" in message


@pytest.mark.parametrize("value", [2.5, 2, 0, -1, 1e300])
def test_batch_size_without_batches(make: Make, target: Path, value: float) -> None:
    path, cell = with_field(make("sgd"), target, "sgd", "batch_size", value)
    assert refusal(path).startswith(f"sgd!{cell} (batch_size): got {value:g}, need 1; this tab")


@pytest.mark.parametrize("value", [2.5, 0, -3])
def test_batch_size_of_batches(make: Make, target: Path, value: float) -> None:
    path, cell = with_field(make("sgd", batch_size=3), target, "sgd", "batch_size", value)
    message = refusal(path)
    assert f"sgd!{cell}" in message
    assert f"got {value:g}, need" in message


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("optimizer", "sdg", "'sdg'"),
        ("optimizer", "adam", "init.avg_grad"),
        ("optimizer", None, "(optimizer): got nothing, need a word"),
        ("optimizer", 7, "(optimizer): got 7.0, need a word"),
        ("network", "Linear(1)", "Linear"),
        ("network", "Linear(1, 1), ReLU", "no header"),
        ("network", "import os", "import os"),
        ("network", "Linear(1, 2000)", "Linear"),
        ("loss", "cross entropy", "cross entropy"),
        ("gradient", "both", "both"),
        ("difference", "backward", "backward"),
        ("difference", "central", "no header"),
        ("experiment", None, "(experiment): got nothing, need a word"),
    ],
)
def test_words_that_mean_nothing(
    make: Make, target: Path, key: str, value: object, words: str
) -> None:
    path, _ = with_field(make("sgd"), target, "sgd", key, value)
    message = refusal(path)
    assert "sgd" in message
    assert words in message


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("value", "shown"),
    [("many", "got 'many', need a number"), (None, "got nothing"), ("=1/0", "got #DIV/0!")],
)
@pytest.mark.parametrize("column", ["A", "B"])
def test_data_is_no_number(
    make: Make, target: Path, column: str, value: object, shown: str
) -> None:
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        sheet = workbook["data"]
        cell = f"{column}{header_row(sheet, 'x', 'y') + 3}"
        sheet[cell] = value

    path = edited(make("sgd"), target, edit)
    name = {"A": "x", "B": "y"}[column]
    assert refusal(path).startswith(f"data!{cell} (data, {name}): {shown}")


def test_no_data_left(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["data"]
        for row in range(header_row(sheet, "x", "y") + 1, sheet.max_row + 1):
            sheet[f"A{row}"] = sheet[f"B{row}"] = None

    assert refusal(edited(make("sgd"), target, edit)) == "tab 'data' has no rows of data"


def test_no_rows_of_training_left(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        clear_steps(workbook["sgd"], steps_rows(workbook["sgd"]))

    assert refusal(edited(make("sgd"), target, edit)) == "tab 'sgd' has no rows of training"


def test_two_data_tabs(make: Make, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        # A copy that no net looks at is a learner's own; here one column looks at each.
        workbook.copy_worksheet(workbook["data"]).title = "data2"
        cell = workbook["sgd"][step_cell(workbook["sgd"], "y", 3)]
        cell.value = cell.value.replace("data!", "'data2'!")

    message = refusal(edited(make("sgd"), target, edit))
    assert message.startswith("found 2 data tabs and 1 training tabs of xlsgd, need one and")


@pytest.mark.parametrize("missing", ["step", "loss", "new.a", "plot.b", "mean_loss", "grad.pred"])
def test_header_missing(make: Make, target: Path, missing: str) -> None:
    def edit(workbook: Workbook) -> None:
        for row in workbook["sgd"].iter_rows():
            for cell in row:
                if cell.value == missing:
                    cell.value = None

    message = refusal(edited(make("sgd"), target, edit))
    assert "tab 'sgd'" in message
    assert missing in message
    assert "restore" in message


@pytest.mark.parametrize("missing", ["learning_rate", "init.b", "optimizer", "h", "chart_limit"])
def test_field_missing(make: Make, target: Path, missing: str) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[key_cell(sheet, missing)] = None

    message = refusal(edited(make("sgd"), target, edit))
    assert message.startswith(f"tab 'sgd' has no field '{missing}' in the column of 'xlsgd'")


@pytest.mark.parametrize("missing", ["verdict", "trend", "last_loss", "rows"])
def test_field_of_the_panel_missing(make: Make, target: Path, missing: str) -> None:
    # Its key is gone, its formula is not: either way it cannot count as checked.
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[key_cell(sheet, missing)] = None

    message = refusal(edited(make("sgd"), target, edit))
    assert message.startswith(f"tab 'sgd' has no field '{missing}' in the column of 'xlsgd'")
    beside = "learning_rate" if missing == "verdict" else "verdict"
    assert f"or in the row of '{beside}'; restore it" in message


@pytest.mark.parametrize(
    ("key", "value"), [("target_loss", "low"), ("target_loss", None), ("target_loss", "=1/0")]
)
def test_target_loss_is_no_number(small: Path, target: Path, key: str, value: object) -> None:
    path, cell = with_field(small, target, "compare", key, value)
    assert refusal(path).startswith(f"compare!{cell} ({key}): got ")


# Arguments of the function


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rtol": 1e-9}, "rtol and atol belong together: give both or none"),
        ({"atol": 0}, "rtol and atol belong together: give both or none"),
        ({"rtol": -1, "atol": 0}, "rtol: got -1, need a number of 0 or more"),
        ({"rtol": 0, "atol": float("nan")}, "atol: got nan, need a number of 0 or more"),
        ({"rtol": float("inf"), "atol": 0}, "rtol: got inf, need a number of 0 or more"),
        ({"engine": "excel"}, "'excel'"),
    ],
)
def test_arguments(small: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        xlsgd.verify(small, **options)  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("Tanh", "has no weights to train"),
        ("Function(a^2+b^2)", "takes no data, and there is some"),
    ],
)
def test_a_network_that_fits_nothing(small: Path, target: Path, network: str, words: str) -> None:
    path, cell = with_field(small, target, "sgd", "network", network)
    said = refusal(path)
    assert words in said
    assert f"sgd!{cell}" in said


def test_training_tab_without_its_marker_is_not_passed_over(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[field_cell(sheet, "xlsgd")] = sheet[key_cell(sheet, "xlsgd")] = None

    with pytest.raises(WorkbookError, match="tab 'sgd' has the headers of one of xlsgd's tabs"):
        xlsgd.verify(edited(small, target, edit))
