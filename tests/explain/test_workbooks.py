"""Workbooks explained: what a learner typed counts, and cells are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import torch

import xlsgd
from tests.builders import experiment_of, write_experiments
from tests.explain.runs import ONE, RELU, TWO, one, plain
from tests.titanic import books as titanic
from tests.verify.books import (
    EPOCHS,
    SIX_POINTS,
    edited,
    field_cell,
    header_row,
    letter_of,
    step_cell,
    steps_rows,
)
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.data import Dataset, default_data
from xlsgd.data.passengers import made_passengers
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import optimizers


def columns_beside(sheet: Any, quantity: str) -> set[int]:
    """Return the columns of a table that stands beside another: up to the next without a header."""
    header = {c.column for c in sheet[header_row(sheet, "step", "loss")] if c.value}
    (column,) = (c.column for c in sheet[header_row(sheet, quantity)] if c.value == quantity)
    found = {column}
    while more := {c + d for c in found for d in (-1, 1)} & header - found:
        found |= more
    return found


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workbook in which nothing goes wrong."""
    path = tmp_path_factory.mktemp("explain") / "calm.xlsx"
    return xlsgd.generate("graddesc", path, epochs=EPOCHS, data=SIX_POINTS, optimizers=("sgd",))


def tab_of(path: Path, name: str) -> Any:
    (tab,) = xlsgd.explain(path, tabs=(name,)).tabs
    return tab


def test_as_it_comes(calm: Path) -> None:
    found = xlsgd.explain(calm)
    (tab,) = found.tabs
    assert found.file == str(calm)
    assert (tab.tab, tab.experiment, tab.agree) == ("sgd", "sgd", True)
    assert (
        tab.sheet_verdict
        == tab.verdict
        == openpyxl.load_workbook(calm, data_only=True)["sgd"]["A4"].value
    )
    assert tab.rmse == pytest.approx(plain(one, 1e-4, EPOCHS, data=SIX_POINTS).rmse, rel=1e-9)
    cell = field_cell(openpyxl.load_workbook(calm)["sgd"], "learning_rate")
    assert any(f"sgd!{cell}" in text for text in tab.sentences)


def test_a_learning_rate_that_was_typed_in(calm: Path, tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        sheet = book["sgd"]
        sheet[field_cell(sheet, "learning_rate")] = 0.001

    hot = edited(calm, tmp_path / "hot.xlsx", edit)
    tab = tab_of(hot, "sgd")
    assert tab.learning_rate == 0.001
    assert tab.kind == "exploded"
    run = plain(one, 0.001, EPOCHS, data=SIX_POINTS)
    good = [i for i, loss in enumerate(run.mean_losses[:-1]) if loss <= run.mean_losses[0]]
    assert tab.turn.step == good[-1] + 1
    cell = step_cell(openpyxl.load_workbook(hot)["sgd"], "loss", tab.turn.step - 1)
    assert tab.turn.cell == f"sgd!{cell}"
    assert any(f"(sgd!{cell})" in text for text in tab.sentences)
    better = plain(one, tab.suggestion.learning_rate, EPOCHS, data=SIX_POINTS)
    assert tab.suggestion.rmse == pytest.approx(better.rmse, rel=1e-9)


def test_data_that_was_changed(calm: Path, tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        sheet = book["data"]
        row = header_row(sheet, "x", "y") + 2
        sheet[f"{letter_of(sheet, 'x', 'y')}{row}"] = 400.0

    before, after = (
        tab_of(path, "sgd") for path in (calm, edited(calm, tmp_path / "far.xlsx", edit))
    )
    assert before.kind != "exploded"
    assert after.kind == "exploded"
    assert after.limit.value < before.limit.value / 2
    assert after.limit.times_above > 1


def test_a_verdict_that_is_not_torchs(calm: Path, tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        sheet = book["sgd"]
        sheet[step_cell(sheet, "pred", 4)] = 1e6

    tab = tab_of(edited(calm, tmp_path / "typed.xlsx", edit), "sgd")
    assert not tab.agree
    assert tab.sheet_verdict != tab.verdict == tab_of(calm, "sgd").verdict
    assert "xlsgd verify names every such cell" in tab.sentences[0]
    assert f"The tab itself says (sgd!A4): '{tab.sheet_verdict}'" in tab.sentences[1]


def test_rows_that_were_deleted(calm: Path, tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        sheet = book["sgd"]
        # What stands in the same rows and belongs to others: epochs, fields, the line.
        headers = {c.column for c in sheet[header_row(sheet, "step", "loss")] if c.value}
        others = columns_beside(sheet, "mean_loss") | columns_beside(sheet, "line_x")
        for row in steps_rows(sheet)[-8:]:  # of four epochs of six rows
            for column in headers - others:
                sheet.cell(row, column).value = None

    tab = tab_of(edited(calm, tmp_path / "short.xlsx", edit), "sgd")
    assert tab.epochs == 2
    assert tab.rmse == pytest.approx(plain(one, 1e-4, 2, data=SIX_POINTS).rmse, rel=1e-9)


def test_which_tabs(tmp_path: Path) -> None:
    path = tmp_path / "both.xlsx"
    names = ("sgd", "momentum")
    xlsgd.generate("graddesc", path, epochs=1, data=SIX_POINTS, optimizers=names)
    assert [tab.tab for tab in xlsgd.explain(path).tabs] == list(names)
    assert [tab.tab for tab in xlsgd.explain(path, tabs=("momentum",)).tabs] == ["momentum"]
    for other in ("data", "nonsense"):
        with pytest.raises(SpecError, match=f"tab '{other}' is no .* sgd, momentum"):
            xlsgd.explain(path, tabs=("sgd", other))


def test_a_tab_with_a_name_that_needs_quotes(tmp_path: Path) -> None:
    experiment = Experiment(
        id="two words",
        network=parse_network(ONE),
        loss=SQUARED_ERROR,
        optimizer=optimizers()["sgd"],
        learning_rate=0.001,
        start={"a": 1.0, "b": 1.0},
        epochs=2,
    )
    path = write_experiments(tmp_path / "words.xlsx", experiment, data=SIX_POINTS)
    tab = tab_of(path, "two words")
    assert tab.turn.cell.startswith("'two words'!")


def test_cells_show_what_is_said_of_them(tmp_path: Path) -> None:
    experiments = [
        experiment_of(
            network,
            data=default_data(),
            id=id,
            learning_rate=1e-4,
            start=dict.fromkeys("abcd", 1.0),
            epochs=2,
        )
        for id, network in (("two", TWO), ("dying", RELU))
    ]
    path = write_experiments(tmp_path / "two.xlsx", *experiments, data=default_data())
    book = openpyxl.load_workbook(path, data_only=True)

    def value(cell: str) -> Any:
        sheet, _, address = cell.partition("!")
        return book[sheet][address].value

    two, dying = xlsgd.explain(path).tabs
    assert value(two.turn.cell) == pytest.approx(two.turn.batch_loss_before)
    assert value(two.frozen.cell) == 0
    assert value(dying.dead[0].cell) == 0
    for tab in (two, dying):
        named = [field_cell(book[tab.tab], key) for key in ("learning_rate", "verdict", "gradient")]
        assert any(f"{tab.tab}!{named[0]}" in text for text in tab.sentences)
        assert tab.sheet_verdict == value(f"{tab.tab}!{named[1]}")
    assert any(f"(two!{named[2]})" in text for text in two.sentences)


def test_a_rate_that_is_typed_in_beside_other_runs(tmp_path: Path) -> None:
    path = tmp_path / "rates.xlsx"
    points = Dataset("two points", {"x": (1.0, 3.0)}, (2.0, 5.0))
    xlsgd.generate("learning-rates", path, epochs=1, data=points)
    tab = tab_of(path, "one-1")
    book = openpyxl.load_workbook(path)
    cell = next(
        c for row in book["rates-one"].iter_rows() for c in row if c.value == tab.learning_rate
    )
    assert any(f"('rates-one'!{cell.coordinate})" in text for text in tab.sentences)


def test_progress_is_told(calm: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    xlsgd.explain(calm, progress=lambda what, done, total: seen.append((what, done, total)))
    assert {what for what, _, _ in seen} == {"recalculating", "training in torch"}
    assert seen[-1] == ("training in torch", 1, 1)


def test_what_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError):
        xlsgd.explain(tmp_path / "missing.xlsx")


# The layout with blocks


def titanic_rmse(rate: float, epochs: int) -> float:
    """Return the RMSE of the last epoch of twelve passengers, all seen in every step."""
    passengers = made_passengers(titanic.ROWS)
    x, y = torch.tensor(titanic.features(passengers)), torch.tensor(titanic.labels(passengers))
    hidden = torch.nn.Linear(10, 2, bias=False, dtype=torch.float64)
    hidden.weight.data = torch.tensor(titanic.START).clone()
    descent = torch.optim.SGD(hidden.parameters(), lr=rate)
    loss = torch.tensor(0.0)
    for _ in range(epochs):
        descent.zero_grad()
        loss = ((torch.relu(hidden(x)).sum(-1) - y) ** 2).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        descent.step()
    return float(loss.detach().sqrt())


def test_titanic() -> None:
    tab = tab_of(titanic.generated(), "training")
    assert tab.rmse == pytest.approx(titanic_rmse(tab.learning_rate, titanic.EPOCHS), rel=1e-9)
    assert tab.rows == titanic.ROWS
    if tab.suggestion is not None:
        rate = tab.suggestion.learning_rate
        assert tab.suggestion.rmse == pytest.approx(titanic_rmse(rate, titanic.EPOCHS), rel=1e-9)
        assert tab.suggestion.rmse < tab.rmse
    # Without the ReLU two units that are summed are linear: each has the curvature of one neuron.
    x = titanic.features(made_passengers(titanic.ROWS))
    steepest = 2 * 2 * np.linalg.eigvalsh(x.T @ x / len(x))[-1]
    assert tab.twin.limit == pytest.approx(2 / steepest, rel=1e-9)
    assert tab.twin.network == "Linear(10, 2, no bias), Sum"
    assert not tab.twin.equal
    hidden = x @ titanic.START.T
    assert tab.twin.outputs == titanic.EPOCHS * hidden.size
    assert tab.twin.silent > 0


def test_titanic_at_a_rate_that_is_too_large(tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        for name in ("training", "linear"):
            sheet = book[name]
            sheet[field_cell(sheet, "learning_rate")] = 3.0

    path = edited(titanic.generated(), tmp_path / "large.xlsx", edit)
    found = {tab.tab: tab for tab in xlsgd.explain(path, tabs=("training", "linear")).tabs}
    x = titanic.features(made_passengers(titanic.ROWS))
    line = found["linear"]
    assert line.kind == "exploded"
    assert line.limit.value == pytest.approx(1 / np.linalg.eigvalsh(x.T @ x / len(x))[-1], rel=1e-9)
    assert line.turn.step == 1
    assert line.turn.rows == tuple(range(1, titanic.ROWS + 1))
    net = found["training"]
    assert net.suggestion is not None
    assert net.suggestion.rmse == pytest.approx(
        titanic_rmse(net.suggestion.learning_rate, titanic.EPOCHS), rel=1e-9
    )
    assert net.suggestion.learning_rate < 3
