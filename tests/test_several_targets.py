"""Squared error over several targets: the mean of their squares, as torch.nn.MSELoss has it.

Two witnesses: PyTorch's own layer, loss and optimizer in a plain loop, and the derivatives as they
are on paper, in numpy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import Recalculated, experiment_of, small_data, view_of, write_experiments
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.sweeping import Axis, check_sweep, sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.torch_side import load_torch

NET, DEEP = "Linear(1, 2)", "Linear(1, 3), Tanh, Linear(3, 2)"
RATE, EPOCHS = 0.05, 3
POINTS = small_data(6)
DATA = Dataset(
    "two targets", POINTS.inputs, POINTS.y, more_targets={"z": (1.5, -0.4, 0.9, 2.2, -1.1, 0.3)}
)
X, Y = np.array(DATA.inputs["x"]), np.array(DATA.targets).T


def views() -> list[View]:
    given: dict[str, Any] = {"data": DATA, "learning_rate": RATE, "epochs": EPOCHS}
    exact = {**given, "gradient": "backprop"}
    return [
        view_of(NET, id="rows", **exact),
        view_of(NET, id="batches", batch_size=4, **exact),
        view_of(NET, id="numerical", difference="central", **given),
        view_of(DEEP, "adam", id="deep", **exact),
        view_of(NET, id="blocks", layout="blocks", batch_size=4, **exact),
        view_of(DEEP, "momentum", id="deep-blocks", layout="blocks", batch_size=6, **exact),
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_experiments(tmp_path_factory.mktemp("targets") / "two.xlsx", *views(), data=DATA)


@pytest.fixture(scope="module")
def sheet(path: Path) -> Recalculated:
    return Recalculated.of(path)


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    for tab in report.sheets:
        assert tab.unchecked == {}


@pytest.mark.parametrize("id", ["rows", "batches", "blocks"])
def test_the_weights_are_those_of_a_plain_loop(id: str, sheet: Recalculated) -> None:
    torch = load_torch()  # which rounds as in a sheet, whichever test comes first
    experiment = next(view.experiment for view in views() if view.id == id)
    net = torch.nn.Linear(1, 2).double()
    start = experiment.start
    with torch.no_grad():
        for parameter, names in ((net.weight, ("a1", "a2")), (net.bias, ("b1", "b2"))):
            numbers = torch.tensor([start[p] for p in names], dtype=torch.float64)
            parameter.copy_(numbers.reshape(parameter.shape))
    optimizer, mse = torch.optim.SGD(net.parameters(), lr=RATE), torch.nn.MSELoss()
    x, y = torch.from_numpy(X)[:, None], torch.from_numpy(Y)
    for _ in range(EPOCHS):
        for begin in range(0, len(X), experiment.batch_size):
            rows = slice(begin, begin + experiment.batch_size)
            optimizer.zero_grad()
            mse(net(x[rows]), y[rows]).backward()
            optimizer.step()
    last = [sheet.numbers(id, f"new.{p}")[-1] for p in ("a1", "a2", "b1", "b2")]
    expected = [*net.weight.detach().flatten().tolist(), *net.bias.detach().tolist()]
    np.testing.assert_allclose(last, expected, rtol=1e-12)


def test_losses_and_derivatives_are_those_on_paper(sheet: Recalculated) -> None:
    """A row's loss is ((e1)² + (e2)²)/2 with errors e, so its slope for a1 is e1·x, for b1 e1."""
    x = np.tile(X, EPOCHS)
    errors = [
        sheet.numbers("rows", f"param.a{i}") * x
        + sheet.numbers("rows", f"param.b{i}")
        - np.tile(Y[:, i - 1], EPOCHS)
        for i in (1, 2)
    ]
    loss = (errors[0] ** 2 + errors[1] ** 2) / 2
    np.testing.assert_allclose(sheet.numbers("rows", "loss"), loss, rtol=1e-12)
    h = 0.01
    for i, error in enumerate(errors, 1):
        for p, by in ((f"a{i}", x), (f"b{i}", np.ones_like(x))):
            np.testing.assert_allclose(
                sheet.numbers("rows", f"grad.{p}"), error * by, rtol=1e-11, atol=1e-13
            )
            # A parabola: its forward difference is off by h times half its second derivative.
            np.testing.assert_allclose(
                sheet.numbers("rows", f"grad_num.{p}"),
                error * by + h * by**2 / 2,
                rtol=1e-8,
                atol=1e-10,
            )
    means = loss.reshape(EPOCHS, -1).mean(1)
    np.testing.assert_allclose(sheet.numbers("rows", "mean_loss", "epochs"), means, rtol=1e-12)
    np.testing.assert_allclose(sheet.numbers("rows", "rmse", "epochs"), means**0.5, rtol=1e-12)


def test_a_changed_second_target_changes_both_sides(path: Path, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.load_workbook(path)
    header = next(c for row in book["data"].iter_rows() for c in row if c.value == "z")
    book["data"].cell(header.row + 2, header.column).value = 7.5
    book.save(tmp_path / "edited.xlsx")
    report = xlsgd.verify(tmp_path / "edited.xlsx")
    assert report.ok, report.first_difference
    edited = Recalculated.of(tmp_path / "edited.xlsx")
    assert 7.5 in edited.numbers("rows", "y_2")
    assert edited.numbers("rows", "loss")[-1] != Recalculated.of(path).numbers("rows", "loss")[-1]


def test_a_second_target_of_a_single_row_is_noticed(path: Path, tmp_path: Path) -> None:
    """A number typed over the cell that shows a target is a wrong cell."""
    import openpyxl

    book = openpyxl.load_workbook(path)
    header = next(c for row in book["rows"].iter_rows() for c in row if c.value == "y_2")
    book["rows"].cell(header.row + 4, header.column).value = 7.5
    book.save(tmp_path / "wrong.xlsx")
    report = xlsgd.verify(tmp_path / "wrong.xlsx")
    assert not report.ok
    assert report.first_difference is not None
    assert report.first_difference.quantity == "y_2"


def test_it_is_explained(path: Path) -> None:
    told = {tab.experiment: " ".join(tab.sentences) for tab in xlsgd.explain(path).tabs}
    assert told.keys() == {view.id for view in views()}
    rmse = float(np.sqrt(Y.var(0).mean()))
    assert f"always predicting the mean of every target gives RMSE {rmse:.4g}" in told["rows"]


def test_what_explain_says_of_a_run_that_explodes() -> None:
    from xlsgd.explaining import explain_run

    tab = explain_run(view_of(NET, data=DATA, learning_rate=3.0, epochs=6), DATA)
    text = " ".join(tab.sentences)
    assert tab.kind == "exploded"
    assert "makes several predictions; a limit is known for one only" in text


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_sweep_goes_as_the_tabs_do(number: int) -> None:
    view = views()[number]
    found = sweep_experiment(view, DATA, [Axis("learning_rate", 1e-3, 3.0, 5, log=True)])
    assert len(set(found.kinds)) > 1
    checked = check_sweep(found, per_side=1)
    assert checked
    assert all(one.agree for one in checked)


def test_one_prediction_learns_the_first_target(tmp_path: Path) -> None:
    path = write_experiments(tmp_path / "one.xlsx", experiment_of(data=DATA), data=DATA)
    assert xlsgd.verify(path).ok
    alone = write_experiments(tmp_path / "alone.xlsx", experiment_of(data=POINTS), data=POINTS)
    losses = [Recalculated.of(one).numbers("run", "loss") for one in (path, alone)]
    np.testing.assert_array_equal(*losses)


def test_too_few_targets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="needs a target for each; the data has 1"):
        write_experiments(tmp_path / "no.xlsx", experiment_of(NET), data=POINTS)


def test_more_predictions_than_targets_are_refused_in_a_sweep() -> None:
    axis = Axis("learning_rate", 1e-3, 1.0, 3, log=True)
    with pytest.raises(SpecError, match="makes 3 predictions"):
        sweep_experiment(view_of("Linear(1, 3)", data=DATA), DATA, [axis])
