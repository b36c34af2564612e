"""Sweeps of runs whose rates fall by their own losses: each run is the one in torch's own loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import experiment_of, small_data
from xlsgd.sweeping import Axis, check_sweep, sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.training.param_groups import ParamGroup
from xlsgd.training.schedules import get_schedule

EPOCHS = 10
GIVEN = {"factor": 0.4, "patience": 1.0, "threshold": 0.3, "cooldown": 1.0, "min_lr": 0.004}
KINDS = {"momentum-classic": {"momentum": 0.8}, "sgd": {}}
OPTIONS = {"momentum-classic": {"beta": 0.8}, "sgd": {}}


def swept(optimizer: str = "sgd", **hyper: float) -> View:
    return View(
        experiment_of(
            "Linear(1, 1)", optimizer, learning_rate=0.2, gradient="backprop", batch_size=2,
            epochs=EPOCHS, schedule=get_schedule("plateau"),
            hyper={**GIVEN, **OPTIONS[optimizer], **hyper},
        ),
        layout="blocks",
    )  # fmt: skip


def losses_in_torch(optimizer: str, rate: float, **options: Any) -> list[float]:
    """Return the mean loss of every epoch, of a loop as anybody writes it."""
    data, start = small_data(), experiment_of().start
    weights = [torch.tensor(start[p], dtype=torch.float64, requires_grad=True) for p in "ab"]
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (data.inputs["x"], data.y))
    live = torch.optim.SGD(weights, rate, **KINDS[optimizer])
    asked = {"factor": 0.4, "patience": 1, "threshold": 0.3, "cooldown": 1, "min_lr": 0.004}
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(live, **{**asked, **options})
    found, fell = [], False
    for _ in range(EPOCHS):
        total = 0.0
        for begin in range(0, len(x), 2):
            rows = slice(begin, begin + 2)
            live.zero_grad()
            loss = torch.nn.functional.mse_loss(weights[0] * x[rows] + weights[1], y[rows])
            loss.backward()
            live.step()
            total += loss.item() * len(x[rows])
        found.append(total / len(x))
        scheduler.step(found[-1])
        fell |= live.param_groups[0]["lr"] < rate
    assert fell, "nothing to see"
    return found


@pytest.mark.parametrize("optimizer", KINDS)
def test_runs_at_many_rates_are_those_of_a_loop(optimizer: str) -> None:
    axis = Axis("learning_rate", 0.02, 0.4, 5, log=True)
    found = sweep_experiment(swept(optimizer), small_data(), [axis])
    assert found.mean_loss is not None
    for rate, losses in zip(axis.values, found.mean_loss, strict=True):
        expected = losses_in_torch(optimizer, float(rate))
        np.testing.assert_allclose(losses, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("key", "values"), [("factor", (0.1, 0.9)), ("patience", (0.0, 2.0)), ("min_lr", (0.01, 0.1))]
)
def test_its_own_numbers_can_be_varied(key: str, values: tuple[float, float]) -> None:
    axis = Axis(key, *values, 3, log=False)
    found = sweep_experiment(swept(), small_data(), [axis])
    assert found.mean_loss is not None
    for value, losses in zip(axis.values, found.mean_loss, strict=True):
        expected = losses_in_torch("sgd", 0.2, **{key: type(GIVEN[key])(value)})
        np.testing.assert_allclose(losses, expected, rtol=1e-9)


def test_workbooks_of_it_say_the_same() -> None:
    axes = [
        Axis("learning_rate", 0.02, 400.0, 6, log=True),
        Axis("init.a", -1.0, 2.0, 2, log=False),
    ]
    checked = check_sweep(sweep_experiment(swept("momentum-classic"), small_data(), axes), 1)
    assert len(checked) == 2
    assert all(one.agree for one in checked)


def test_rates_of_groups_fall_together_and_are_recalculated() -> None:
    view = swept()
    given = view.experiment
    group = ParamGroup("own", ("b",), ("learning_rate",))
    own = replace(given, param_groups=(group,), hyper={**given.hyper, "learning_rate.own": 0.3})
    axis = Axis("learning_rate.own", 0.01, 900.0, 5, log=True)
    found = sweep_experiment(replace(view, experiment=own), small_data(), [axis])
    checked = check_sweep(found, 1)
    assert len(checked) == 2
    assert all(one.agree for one in checked)
