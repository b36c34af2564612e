"""Sums over a batch: what reduction='sum' of torch's losses does, in both layouts.

The witness is a plain loop of PyTorch's own loss with that reduction, beside what stands in cells.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import torch
from torch import nn

import xlsgd
from tests.builders import Recalculated, small_data, view_of, write_experiments
from tests.two_sides import data_for, with_loss
from xlsgd.base.errors import SpecError, XlsgdError
from xlsgd.data import Dataset
from xlsgd.explaining.training import Length, train
from xlsgd.sweeping import Axis, check_sweep, sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.training.losses import get_loss, losses

RATE, EPOCHS, SIZE = 0.02, 2, 4
POINTS = small_data(6)
DATA = Dataset(
    "two targets", POINTS.inputs, POINTS.y, more_targets={"z": (1.5, -0.4, 0.9, 2.2, -1.1, 0.3)}
)
NET, DEEP = "Linear(1, 2)", "Linear(1, 2), Tanh, Linear(2, 2)"


def _view(
    network: str, loss: str = "squared error", optimizer: str = "sgd", **options: Any
) -> View:
    given: dict[str, Any] = {
        "data": DATA, "learning_rate": RATE, "epochs": EPOCHS, "batch_size": SIZE,
        "gradient": "backprop", **options,
    }  # fmt: skip
    return view_of(network, optimizer, **given).but(loss=get_loss(loss).reduced("sum"))


def views() -> list[View]:
    return [
        _view(NET, id="rows"),
        _view(NET, id="blocks", layout="blocks"),
        _view(NET, id="alone", batch_size=1),
        _view("Linear(1, 1)", id="numerical", gradient="numerical", difference="central"),
        _view(DEEP, "l1", "adam", id="deep", layout="blocks"),
        _view("Linear(1, 1)", id="one", batch_size=6, layout="blocks"),
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_experiments(tmp_path_factory.mktemp("sums") / "sum.xlsx", *views(), data=DATA)


@pytest.fixture(scope="module")
def sheet(path: Path) -> Recalculated:
    return Recalculated.of(path)


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    assert not any(tab.unchecked for tab in report.sheets)


def loop(view: View, criterion: nn.Module) -> tuple[list[float], list[float]]:
    """Train one layer as anybody does in torch; return its weights at the end, and all losses."""
    experiment = view.experiment
    outputs = len(experiment.network.predictions)
    net = nn.Linear(1, outputs).double()
    with torch.no_grad():
        start = [experiment.start[p] for p in experiment.network.parameters]
        numbers = torch.tensor(start, dtype=torch.float64)
        net.weight.copy_(numbers[:outputs, None])
        net.bias.copy_(numbers[outputs:])
    x = torch.tensor(DATA.inputs["x"], dtype=torch.float64)[:, None]
    y = torch.tensor(DATA.targets, dtype=torch.float64).T[:, :outputs]
    optimizer, losses = torch.optim.SGD(net.parameters(), lr=RATE), []
    for _ in range(EPOCHS):
        for begin in range(0, len(x), experiment.batch_size):
            rows = slice(begin, begin + experiment.batch_size)
            optimizer.zero_grad()
            loss = criterion(net(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    return [*net.weight.detach().flatten().tolist(), *net.bias.detach().tolist()], losses


@pytest.mark.parametrize("id", ["rows", "blocks", "alone", "one"])
def test_weights_and_losses_are_those_of_a_plain_loop(id: str, sheet: Recalculated) -> None:
    view = next(view for view in views() if view.id == id)
    weights, losses = loop(view, nn.MSELoss(reduction="sum"))
    names = view.experiment.network.parameters
    last = [sheet.numbers(id, f"new.{p}")[-1] for p in names]
    np.testing.assert_allclose(last, weights, rtol=1e-12)
    shown = np.array(sheet.numbers(id, "loss"))
    if view.layout == "rows":  # every row by itself
        ends = np.array(sheet.numbers(id, "step"))
        shown = np.array([shown[ends == step].sum() for step in range(1, len(losses) + 1)])
    np.testing.assert_allclose(shown, losses, rtol=1e-12)
    # An epoch is the mean over rows and targets, whatever a step follows.
    count = DATA.rows * len(view.experiment.network.predictions)
    means = np.array(losses).reshape(EPOCHS, -1).sum(1) / count
    np.testing.assert_allclose(sheet.numbers(id, "mean_loss", "epochs"), means, rtol=1e-12)
    np.testing.assert_allclose(sheet.numbers(id, "rmse", "epochs"), means**0.5, rtol=1e-12)


@pytest.mark.sampled
@pytest.mark.parametrize("layout", ["rows", "blocks"])
@pytest.mark.parametrize("name", [name for name in losses() if name != "output"])
def test_every_loss_can_be_summed(name: str, layout: str, tmp_path: Path) -> None:
    experiment = with_loss(name, batch_size=3, epochs=1, learning_rate=0.01)
    data = data_for(f"loss {name}")
    view = View(experiment, layout=layout).but(loss=get_loss(name).reduced("sum"))
    path = write_experiments(tmp_path / "sum.xlsx", view, data=data)
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference


def _said(path: Path, id: str, word: str, edited: Path) -> Path:
    """Return a copy of a workbook one of whose tabs says that it reduces in another way."""
    book = openpyxl.load_workbook(path)
    cell = next(c for row in book[id].iter_rows() for c in row if c.value == "reduction")
    book[id].cell(cell.row, cell.column + 1).value = word
    book.save(edited)
    return edited


def test_formulas_that_add_up_and_words_that_average_are_found(path: Path, tmp_path: Path) -> None:
    report = xlsgd.verify(_said(path, "blocks", "mean", tmp_path / "said.xlsx"))
    assert not report.ok
    assert report.first_difference is not None
    assert (report.first_difference.sheet, report.first_difference.quantity) == ("blocks", "loss")


@pytest.mark.parametrize(
    ("word", "match"), [("none", "reduction 'none'"), ("mean", "no header grad_mean")]
)
def test_words_that_fit_no_columns_are_refused(
    word: str, match: str, path: Path, tmp_path: Path
) -> None:
    with pytest.raises(XlsgdError, match=match):
        xlsgd.verify(_said(path, "rows", word, tmp_path / "said.xlsx"))


def test_it_is_explained(path: Path) -> None:
    told = {tab.experiment: " ".join(tab.sentences) for tab in xlsgd.explain(path).tabs}
    assert told.keys() == {view.id for view in views()}
    found = re.search(r"largest stable learning_rate .* all rows is ([\d.e-]+)", told["one"])
    assert found is not None
    # Of the sum of (a·x + b - y)² the Hessian is 2·Σ [x², x; x, 1].
    x = np.array(DATA.inputs["x"])
    table = 2 * np.array([[(x * x).sum(), x.sum()], [x.sum(), len(x)]])
    assert float(found[1].rstrip(".")) == pytest.approx(2 / np.linalg.eigvalsh(table)[-1], rel=1e-3)


def test_what_explain_calls_the_slope_of_a_step_is_its_sum(sheet: Recalculated) -> None:
    for view, name in zip(views()[:2], ("grad_sum", "grad"), strict=True):
        told = train(view, DATA, Length(len(sheet.numbers(view.id, "loss")), EPOCHS))
        row = SIZE - 1 if view.layout == "rows" else 0
        shown = sheet.numbers(view.id, f"{name}.a1")[row]
        assert told.gradient("a1", 1) == pytest.approx(shown, rel=1e-12)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_a_sweep_goes_as_the_tabs_do(number: int) -> None:
    found = sweep_experiment(views()[number], DATA, [Axis("learning_rate", 1e-3, 9.0, 5, log=True)])
    checked = check_sweep(found, per_side=1)
    assert checked
    assert all(one.agree for one in checked)


LIVE = {
    "squares of two": (nn.Linear(2, 2), nn.MSELoss(reduction="sum"), [[0.5, 1], [0, 2], [1, 1.0]]),
    "classes": (nn.Linear(2, 3), nn.CrossEntropyLoss(reduction="sum"), [0, 2, 1]),
    "logits": (nn.Linear(2, 1), nn.BCEWithLogitsLoss(reduction="sum"), [0.0, 1.0, 1.0]),
    "sizes": (nn.Linear(2, 1), nn.L1Loss(reduction="sum"), [0.0, 1.0, 3.0]),
}


@pytest.mark.parametrize("name", LIVE)
def test_live_losses_that_sum_are_exported(name: str, tmp_path: Path) -> None:
    module, loss, y = LIVE[name]
    x = torch.tensor([[0.3, -0.2], [1.1, 0.4], [-0.6, 0.9]])
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    path = xlsgd.export(
        module, optimizer, loss, data=(x, torch.tensor(y)), path=tmp_path / "m.xlsx", epochs=2,
        batch_size=2,
    )  # fmt: skip
    assert xlsgd.verify(path).ok


def test_no_reduction_is_refused(tmp_path: Path) -> None:
    module = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    with pytest.raises(SpecError, match="reduction='none': a step follows one number"):
        xlsgd.export(
            module, optimizer, nn.MSELoss(reduction="none"), data={"x": [1.0], "y": [2.0]},
            path=tmp_path / "m.xlsx",
        )  # fmt: skip


def test_the_command_line_takes_it(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from xlsgd.cli import main

    (tmp_path / "d.csv").write_text("x,y\n1,2\n2,3\n3,5\n")
    path, runner = tmp_path / "m.xlsx", CliRunner()
    asked = ["generate", "Linear(1, 1)", "--data", str(tmp_path / "d.csv"), "-o", str(path), "-q"]
    done = runner.invoke(main, [*asked, "--reduction", "sum", "--epochs", "2", "--lr", "0.01"])
    assert done.exit_code == 0, done.output
    told = [cell.value for row in openpyxl.load_workbook(path)["training"] for cell in row]
    assert told[told.index("reduction") + 1] == "sum"
    assert xlsgd.verify(path).ok
    other = str(tmp_path / "function.xlsx")
    done = runner.invoke(main, ["generate", "a^2+a", "-o", other, "--reduction", "sum"])
    assert done.exit_code == 2
    assert "there are no rows of data" in done.output
