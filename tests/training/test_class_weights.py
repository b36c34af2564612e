"""Rows that count by weights of their classes, in both layouts: a mean is divided by weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import xlsgd
from tests.builders import Recalculated, view_of, write_experiments
from tests.two_sides import data_for
from xlsgd.base.errors import SpecError
from xlsgd.sweeping import Axis, check_sweep, sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.training.losses import get_loss
from xlsgd.training.losses.weighted_cross_entropy import WeightedCrossEntropy

NAME = "weighted-cross-entropy"
DATA = data_for(f"loss {NAME}")
WEIGHTS = {"class_weight_0": 0.5, "class_weight_1": 2.0}


def views() -> list[View]:
    given: dict[str, Any] = {
        "data": DATA, "loss": NAME, "hyper": WEIGHTS, "gradient": "backprop", "batch_size": 3,
        "epochs": 2,
    }  # fmt: skip
    return [
        view_of("Linear(1, 2)", id="rows", **given),
        view_of("Linear(1, 2)", id="alone", **{**given, "batch_size": 1}),
        view_of("Linear(1, 2)", "momentum", id="blocks", layout="blocks", **given),
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("weights") / "weights.xlsx"
    return write_experiments(where, *views(), data=DATA)


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    assert not any(tab.unchecked for tab in report.sheets)


@pytest.mark.parametrize("id", ["rows", "alone", "blocks"])
def test_steps_and_epochs_are_means_over_weights(id: str, path: Path) -> None:
    """PyTorch's own loss at the weights that stand in every row."""
    sheet = Recalculated.of(path)
    view = next(view for view in views() if view.id == id)
    layer = [[sheet.numbers(id, f"param.{p}{i}") for i in (1, 2)] for p in "ab"]
    loss = torch.nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2.0]).double())
    x, y = torch.tensor(DATA.inputs["x"], dtype=torch.float64), torch.tensor(DATA.y).long()
    size, epochs = view.experiment.batch_size, []
    for epoch in range(2):
        total = 0.0
        for begin in range(0, DATA.rows, size):
            rows = slice(begin, begin + size)
            step = epoch * -(-DATA.rows // size) + begin // size
            place = epoch * DATA.rows + begin if view.layout == "rows" else step
            b = [float(column[place]) for column in layer[1]]
            w = [torch.tensor(float(c[place]), dtype=torch.float64) for c in layer[0]]
            w = [each.requires_grad_() for each in w]
            pred = torch.stack([w[i] * x[rows] + b[i] for i in (0, 1)], -1)
            value = loss(pred, y[rows])
            value.backward()
            last = min(begin + size, DATA.rows) - 1 + epoch * DATA.rows
            at = last if view.layout == "rows" else step
            name = "grad_mean" if view.layout == "rows" else "grad"
            shown = [sheet.numbers(id, f"{name}.a{i}")[at] for i in (1, 2)]
            np.testing.assert_allclose(shown, [float(each.grad) for each in w], rtol=1e-11)
            if view.layout == "blocks":
                np.testing.assert_allclose(sheet.numbers(id, "loss")[at], value.item(), rtol=1e-12)
            counts = torch.tensor([0.5, 2.0])[y[rows]].sum()
            total += float(value.detach() * counts)
        epochs.append(total / float(torch.tensor([0.5, 2.0])[y].sum()))
    np.testing.assert_allclose(sheet.numbers(id, "mean_loss", "epochs"), epochs, rtol=1e-12)


@pytest.mark.parametrize("side", ["row_weight", "row_weights"])
def test_a_wrong_weight_on_either_side_is_found(
    side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(WeightedCrossEntropy, side)

    def wrong(self: Any, *args: Any, **options: Any) -> Any:
        weight = right(self, *args, **options)
        return f"1.000001*{weight}" if isinstance(weight, str) else 1.000001 * weight

    path = tmp_path / "wrong.xlsx"
    if side == "row_weights":
        write_experiments(path, *views(), data=DATA)
        monkeypatch.setattr(WeightedCrossEntropy, side, wrong)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(WeightedCrossEntropy, side, wrong)
            write_experiments(path, *views(), data=DATA)
    report = xlsgd.verify(path)
    wrong_tabs = {tab.experiment for tab in report.sheets if tab.cells_differing}
    assert wrong_tabs >= {"rows", "alone", "blocks"}


def test_it_is_explained(path: Path) -> None:
    told = {tab.experiment: " ".join(tab.sentences) for tab in xlsgd.explain(path).tabs}
    assert told.keys() == {"rows", "alone", "blocks"}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_sweep_goes_as_the_tabs_do(number: int) -> None:
    axis = Axis("learning_rate", 1e-2, 900.0, 4, log=True)
    checked = check_sweep(sweep_experiment(views()[number], DATA, [axis]), per_side=1)
    assert checked
    assert all(one.agree for one in checked)


def test_there_is_a_weight_for_every_class() -> None:
    many = get_loss(NAME).for_predictions(4)
    keys = [given.key for given in many.hyperparameters]
    assert keys == [*(f"class_weight_{c}" for c in range(4)), "label_smoothing"]
    assert many is get_loss(NAME).reduced("sum").reduced("mean").for_predictions(4)
    assert many.for_predictions(2) is get_loss(NAME)
    with pytest.raises(SpecError, match="class_weight_1"):
        view_of("Linear(1, 2)", loss=NAME, hyper={"class_weight_1": -1.0})


def test_the_command_line_takes_weights(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from xlsgd.cli import main

    (tmp_path / "d.csv").write_text("a,b,kind\n0.1,0.2,0\n0.3,-1,2\n1.2,0.4,1\n-0.3,0.2,2\n")
    path = tmp_path / "m.xlsx"
    asked = ["generate", "Linear(2, 3)", "--data", str(tmp_path / "d.csv"), "--target", "kind"]
    asked += ["--loss", NAME, "--hyper", "class_weight_2=2.5", "-o", str(path), "-q"]
    done = CliRunner().invoke(main, [*asked, "--batch-size", "3", "--epochs", "2"])
    assert done.exit_code == 0, done.output
    sheet = Recalculated.of(path)
    assert [sheet.field("training", f"class_weight_{c}") for c in range(3)] == [1, 1, 2.5]
    assert sheet.numbers("training", "batch_weight").tolist() == [4.5, 2.5] * 2
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
