"""Which rows validate: a column says so, or a share; and what is said where neither makes sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from torch import nn

import xlsgd
from tests.verify.books import header_row, letter_of
from xlsgd.base.errors import DataError, SpecError, XlsgdError
from xlsgd.cli import main
from xlsgd.data.table import dataset_of
from xlsgd.data.table_file import read_table

ANSWERS = (1.0, 2.0, 3.0, 4.0, 5.0)
SAYS = (0, 1, 0, 0, 1)
"""Which of the rows validate."""


def frame(column: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": [0.5, 0.25, -1.0, 2.0, 3.0], "y": ANSWERS, "held": column})


@pytest.mark.parametrize(
    "column",
    [
        SAYS,
        tuple(map(float, SAYS)),
        tuple(map(bool, SAYS)),
        np.array(SAYS, dtype=bool),
        ["train", "valid", "train", "train", "valid"],
        ["Training", "Validation ", "training", "training", "validation"],
        ["false", "TRUE", "False", "false", "true"],
        ["0", "1", "0", "0", "1"],
    ],
    ids=str,
)
def test_a_column_says_which(column: Any, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    frame(column).to_csv(file, index=False)
    for data in (
        dataset_of(frame(column), ["y"], validation="held"),
        read_table(file, ["y"], validation="held"),
    ):
        assert list(data.inputs) == ["a value"] or list(data.inputs) == ["a"]
        assert data.y == (1.0, 3.0, 4.0)
        assert data.validation is not None
        assert data.validation.y == (2.0, 5.0)
        assert next(iter(data.validation.inputs.values())) == (0.25, 3.0)
        assert data.title.endswith("; 2 more for validation")


@pytest.mark.parametrize(("share", "held"), [(0.2, 1), ("0.4", 2), (0.1, 1), (0.89, 4)])
def test_a_share_is_the_last_rows(share: str | float, held: int) -> None:
    data = dataset_of(frame(SAYS), ["y"], ["a"], validation=share)
    assert data.validation is not None
    assert data.validation.y == ANSWERS[-held:]
    assert data.y == ANSWERS[:-held]


def test_shuffled_rows_keep_what_they_are_for() -> None:
    order = np.random.default_rng(4).permutation(5)
    data = dataset_of(frame(SAYS), ["y"], shuffle=4, validation="held")
    assert data.validation is not None
    assert data.y == tuple(ANSWERS[i] for i in order if not SAYS[i])
    assert data.validation.y == tuple(ANSWERS[i] for i in order if SAYS[i])
    assert data.validation.raw["row of table"] == tuple(i + 1.0 for i in order if SAYS[i])
    # A share is of the rows in their new order.
    shared = dataset_of(frame(SAYS), ["y"], ["a"], shuffle=4, validation=0.4)
    assert shared.validation is not None
    assert shared.validation.y == tuple(ANSWERS[i] for i in order[-2:])


BAD = {
    "other words": (
        ["a", "b", "a", "a", "b"],
        "data, row 1, column held: got 'a', need 0 and 1, false and true, or train and valid.",
    ),
    "other numbers": ([0, 2, 0, 0, 2], "row 2, column held: got 2"),
    "empty": ([0, None, 0, 0, 1], "got 3 kinds of rows, 0, nan, 1"),
    "three kinds": (
        ["train", "valid", "test", "train", "valid"],
        "column held: got 3 kinds of rows, train, valid, test; need",
    ),
    "many kinds": (list("abcde"), "got 5 kinds of rows, a, b, c, d, …; need"),
    "mixed": ([0, "valid", 0, 0, "valid"], "column held: got 0 and valid, need"),
    "none trains": ([1] * 5, "every row says 1, so that no row trains"),
    "none validates": (["train"] * 5, "every row says train, so that no row validates"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_column_that_does_not_say_so(case: str) -> None:
    column, words = BAD[case]
    with pytest.raises(DataError) as caught:
        dataset_of(frame(column), ["y"], ["a"], validation="held")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        ("hold", "unknown validation column 'hold'"),
        ("y", "the column y says which rows validate; it cannot be an input or a target"),
        ("a", "the column a says which rows validate; it cannot be an input or a target"),
        (1.5, "validation: got 1.5, need a column that says which rows validate, or a share"),
        ("0", "validation: got 0, need a column"),
        (True, "validation: got True, need a column"),
        ("nan", "validation: got nan, need a column"),
        (0.05, "validation 0.05 of 5 rows would be 0; need at least one row that trains"),
        (0.95, "validation 0.95 of 5 rows would be 5; need at least one row that trains"),
    ],
)
def test_a_wish_that_makes_no_sense(validation: str | float, words: str) -> None:
    with pytest.raises((SpecError, DataError)) as caught:
        dataset_of(frame(SAYS), ["y"], ["a"], validation=validation)
    assert words in str(caught.value)


def test_tensors_have_a_share_and_no_columns(tmp_path: Path) -> None:
    model = nn.Linear(1, 1).double()
    x = torch.tensor(frame(SAYS)[["a"]].to_numpy())
    y = torch.tensor(ANSWERS).double()

    def export(validation: Any) -> Any:
        return xlsgd.export(
            model, torch.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss(), data=(x, y),
            validation=validation, epochs=1, path=tmp_path / "net.xlsx",
        )  # fmt: skip

    with pytest.raises(XlsgdError, match="validation column 'held'"):
        export("held")
    path = export(0.4)
    assert xlsgd.verify(path).ok
    path.unlink()
    # Tensors of their own validate as well.
    path = export((x[:2] + 1, y[:2]))
    sheet = openpyxl.load_workbook(path, data_only=True)["validation"]
    with torch.no_grad():
        expected = float(nn.functional.mse_loss(model(x[:2] + 1), y[:2, None]))
    row = header_row(sheet, "validation_loss") + 2
    shown = sheet[f"{letter_of(sheet, 'validation_loss')}{row}"].value
    assert shown == pytest.approx(expected, rel=1e-13)
    assert xlsgd.verify(path).ok
    path.unlink()
    with pytest.raises(SpecError, match=r"got tensors for x1, x2, y, and data for x, y"):
        export((torch.rand(2, 2), y[:2]))
    with pytest.raises(SpecError, match=r"columns of the lengths {'x': 8, 'y': 7}"):
        export((x[:3], y[:2]))
    with pytest.raises(SpecError, match="got 1 tensors, need two"):
        export((x,))
    with pytest.raises(SpecError, match="two tensors go with two tensors"):
        xlsgd.export(
            model, torch.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss(), data=frame(SAYS),
            validation=(x, y), path=tmp_path / "net.xlsx",
        )  # fmt: skip


def test_on_the_command_line(tmp_path: Path) -> None:
    file, book = tmp_path / "rows.csv", tmp_path / "net.xlsx"
    frame(SAYS).to_csv(file, index=False)
    arguments = ["generate", "Linear(1, 1)", "--data", str(file), "--epochs", "1", "-o", str(book)]
    done = CliRunner().invoke(main, [*arguments, "--validation", "held", "--shuffle", "4"])
    assert (done.exit_code, done.stdout) == (0, f"{book}\n")
    assert (
        done.stderr == f"3 rows from {file.name}, shuffled by the seed 4; 2 more for validation\n"
    )
    assert xlsgd.verify(book).ok
    done = CliRunner().invoke(main, [*arguments, "--force", "--validation", "nobody"])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {file}, line 1: column nobody is missing")
    done = CliRunner().invoke(main, ["generate", "graddesc", "--validation", "held"])
    assert done.exit_code == 2
    assert "--validation, --image: the lesson 'graddesc' says itself" in done.stderr
    done = CliRunner().invoke(main, ["generate", "(x^2-9)^2", "--validation", "0.2"])
    assert done.exit_code == 2
    assert done.stderr == "Error: --shuffle, --validation: say of which rows: --data FILE\n"


def test_features_know_the_rows_that_train(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "size": [50.0, 60.0, 80.0, 100.0, 70.0],
            "town": ["a", "b", "a", "c", "b"],
            "price": [1.0, 1.4, 1.6, 2.4, 1.5],
            "held": [False, False, False, True, True],
        }
    )
    path = tmp_path / "net.xlsx"
    module = nn.Linear(4, 1).double()
    xlsgd.export(
        module, torch.optim.SGD(module.parameters(), lr=0.01), nn.MSELoss(), data=frame,
        target="price", features=["standardised(size)"], validation="held", epochs=2,
        path=path,
    )  # fmt: skip
    cells = openpyxl.load_workbook(path, data_only=True)["validation"]
    letter = letter_of(cells, "standardised_size")
    shown = [
        cells[f"{letter}{header_row(cells, 'standardised_size') + 2 + i}"].value for i in (0, 1)
    ]
    trains = frame["size"][:3]
    expected = (frame["size"][3:] - trains.mean()) / trains.std(ddof=0)
    assert shown == pytest.approx(list(expected), rel=1e-14)
    # A word of which there is none among the rows that train is a column as well.
    assert letter_of(cells, "town c")
    assert xlsgd.verify(path).ok
