"""The sheet side: the formula of the limit, and the column that tells a step that overshoots."""

from __future__ import annotations

import re
import statistics
from typing import Any

import numpy as np
import pytest
import torch

from tests.engines.books import value
from tests.stability.witnesses import UPDATES, features, neuron_on, points
from xlsgd.base.columns import fill
from xlsgd.data import Dataset, default_data
from xlsgd.tabs.compare.limit_formula import limit_formula
from xlsgd.tabs.layouts.rows.curvature import curvature_column
from xlsgd.tabs.view import View
from xlsgd.torch_side.stability import curvature_quantities, stability_limit
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss
from xlsgd.training.optimizers import optimizers

LINEAR = tuple(UPDATES)


def worked_out(template: str, **cells: Any) -> float:
    """Return the value of a template, with Python in the place of a spreadsheet."""
    functions = {
        "SQRT": lambda v: v**0.5,
        "SUMSQ": lambda v: sum(n * n for n in v),
        "AVERAGE": statistics.fmean,
    }
    python = fill(template, lambda name: f"cells[{name!r}]").replace("^", "**")
    return float(eval(python, {**functions, "cells": cells}))


# The limit


def the_formula_gives(experiment: Experiment, data: Dataset) -> float:
    hyper = {g.key: experiment.hyperparameter(g.key) for g in experiment.optimizer.hyperparameters}
    cells = {"data.x": data.inputs["x"], "rows": data.rows, **hyper}
    return worked_out(limit_formula(experiment), **cells)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", range(24))
def test_the_formula_and_torch_find_the_same_limit(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = int(random.integers(2, 9))
    data = points(10.0 ** random.uniform(-6, 6) * random.normal(size=rows))
    hyper = {"beta": float(random.uniform(0, 0.99))} if seed % 4 else {}
    experiment = neuron_on(data, LINEAR[seed % 4], bias=seed % 3 > 0, batch_size=rows, hyper=hyper)
    found = stability_limit(experiment, data).value
    assert the_formula_gives(experiment, data) == pytest.approx(found, rel=1e-8)


def test_all_x_the_same_or_0() -> None:
    for x in (0.0, 3.0):
        data = points([x, x])
        found = the_formula_gives(neuron_on(data, batch_size=2), data)
        assert found == pytest.approx(1 / (x * x + 1))


@pytest.mark.parametrize("optimizer", LINEAR)
def test_a_spreadsheet_reads_the_formula(optimizer: str) -> None:
    data = default_data()
    experiment = neuron_on(data, optimizer, batch_size=29)
    cells: dict[str, object] = {f"A{i}": x for i, x in enumerate(data.inputs["x"], 1)}
    cells |= {"B1": 29, "B2": 0.9}
    addresses = {"data.x": "A1:A29", "rows": "B1", "beta": "B2"}
    formula = "=" + fill(limit_formula(experiment), addresses.__getitem__)
    assert value(formula, cells) == pytest.approx(the_formula_gives(experiment, data), rel=1e-13)


def test_the_formula_uses_plain_cells_and_functions() -> None:
    formula = limit_formula(neuron_on(default_data(), "nesterov", batch_size=29))
    assert set(re.findall(r"\{(.+?)\}", formula)) == {"data.x", "rows", "beta"}
    assert formula == (
        "(2*(1+{beta})/(1+2*{beta}))"
        "/(SUMSQ({data.x})/{rows}+1+SQRT((SUMSQ({data.x})/{rows}-1)^2+4*AVERAGE({data.x})^2))"
    )
    alone = neuron_on(points([1.0]), bias=False)
    assert limit_formula(alone) == "2/(2*SUMSQ({data.x})/{rows})"


class Fourth(Loss):
    """(pred - y)⁴, no parabola."""

    name, paper, paper_gradient, torch = "fourth power", "", "", ""

    def forward(self, pred: str, y: str) -> str:
        return f"({pred}-{y})^4"

    def backward(self, pred: str, y: str) -> str:
        return f"4*({pred}-{y})^3"

    def module(self) -> Any:
        return lambda pred, y: (pred - y) ** 4


def test_where_there_is_no_formula() -> None:
    one, two = points([1.0, 2.0]), points([1.0, 2.0], [3.0, 4.0])

    for experiment in (
        neuron_on(two, batch_size=2),
        neuron_on(one, network="Linear(1, 2), Sum", batch_size=2),
        neuron_on(one, network="Linear(1, 1), ReLU", batch_size=2),
        neuron_on(one, network="Tanh, Linear(1, 1)", batch_size=2),
        neuron_on(one, network="Linear(1, 1), Linear(1, 1)", batch_size=2),
        neuron_on(one, loss=Fourth(), batch_size=2),
        *(neuron_on(one, name, batch_size=2) for name in optimizers() if name not in LINEAR),
    ):
        assert limit_formula(experiment) == ""


# The column


NETWORKS = [
    ("Linear(1, 1)", 1),
    ("Linear(1, 1, no bias)", 1),
    ("Linear(3, 1)", 3),
    ("Linear(5, 1, no bias)", 5),
    ("Linear(6, 2), Sum", 6),
    ("Linear(2, 3, no bias), Sum", 2),
]


@pytest.mark.sampled
@pytest.mark.parametrize(("network", "inputs"), NETWORKS)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_both_sides_of_the_column(network: str, inputs: int, scale: float) -> None:
    random = np.random.default_rng(inputs)
    x = scale * random.normal(size=(2, 7, inputs))
    x[0, 0] = 0
    experiment = neuron_on(points(*x[0].T), network=network, learning_rate=0.03)
    column = curvature_column(View(experiment))
    assert column is not None
    assert column.quantity == "lr_curvature"
    assert column.group == "how it goes"
    assert not column.looks_back
    found = curvature_quantities(experiment, torch.from_numpy(x))
    assert list(found) == ["lr_curvature"]
    assert found["lr_curvature"].shape == (2, 7)
    for row, torch_value in zip(
        x.reshape(-1, inputs), found["lr_curvature"].flatten(), strict=True
    ):
        assert from_column(experiment, row) == pytest.approx(float(torch_value), rel=1e-13)


def from_column(experiment: Experiment, row: Any) -> float:
    """Return the value of the cell for one row of inputs."""
    column = curvature_column(View(experiment))
    assert column is not None
    names = experiment.network.input_names
    cells: dict[str, Any] = dict(zip(names, map(float, row), strict=True))
    cells["learning_rate"] = experiment.learning_rate
    cells[f"{names[0]}:{names[-1]}"] = list(map(float, row))
    return worked_out(column.formula[1:], **cells)


def test_inputs_of_the_layer_with_the_weights() -> None:
    """A layer before it has columns of its own: those are what the weights are multiplied by."""
    experiment = neuron_on(points([1.0], [2.0]), network="Tanh, Linear(2, 1)")
    column = curvature_column(View(experiment))
    assert column is not None
    assert column.formula == "={learning_rate}*2*(1+{tanh1}^2+{tanh2}^2)"
    x = torch.tensor([[0.5, -2.0]], dtype=torch.float64)
    expected = 0.01 * 2 * (1 + x.tanh().square().sum(-1))
    found = curvature_quantities(experiment, x)["lr_curvature"]
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-13)


def test_words_of_the_column() -> None:
    column = curvature_column(View(neuron_on(default_data())))
    assert column is not None
    assert column.formula == "={learning_rate}*2*(1+{x}^2)"
    assert column.paper == "learning_rate·2·(1 + x²)"
    many = curvature_column(View(neuron_on(points(*np.ones((5, 2))))))
    assert many is not None
    assert many.formula == "={learning_rate}*2*(1+SUMSQ({x1:x5}))"
    assert many.paper == "learning_rate·2·(1 + x1² + … + x5²)"


@pytest.mark.parametrize("rate", [0.3, 0.6, 1.2])
def test_what_the_note_says(rate: float) -> None:
    """A step of gradient descent multiplies the row's error by 1 - lr_curvature."""
    data = points([0.5], y=[3.0])
    row, weights = features(data)[0], np.array([0.2, -0.4])
    share = from_column(neuron_on(data, learning_rate=rate), [0.5])
    before = row @ weights - 3
    after = row @ (weights - rate * 2 * before * row) - 3
    assert after / before == pytest.approx(1 - share)
    assert (after * before < 0) == (share > 1)
    assert (abs(after) > abs(before)) == (share > 2)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 2},
        {"network": "Linear(1, 1), ReLU"},
        {"network": "Linear(1, 1), Linear(1, 1)"},
    ],
)
def test_where_there_is_no_column(options: dict[str, Any]) -> None:
    experiment = neuron_on(default_data(), **options)
    assert curvature_column(View(experiment)) is None
    assert curvature_quantities(experiment, torch.ones(1, 3, 1, dtype=torch.float64)) == {}


def test_numbers_too_large_for_a_curvature() -> None:
    x = torch.tensor([[1e200], [1.0]], dtype=torch.float64)
    found = curvature_quantities(neuron_on(points([1.0])), x)["lr_curvature"]
    assert found.isnan().tolist() == [True, False]
