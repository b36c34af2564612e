"""Curvature of any network's loss, against Hessians worked out another way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.autograd.functional import hessian

from tests.stability.witnesses import features, neuron_on, points
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset, default_data
from xlsgd.torch_side.stability import curvature_along_gradient, sharpness
from xlsgd.training.nets import parse_network
from xlsgd.training.nets.linear_in_weights import linear_in_weights

NETWORKS: dict[str, Callable[[Any, Any], Any]] = {
    "Linear(1, 1), Linear(1, 1)": lambda w, x: w[2] * (w[0] * x + w[1]) + w[3],
    "Linear(1, 1), ReLU, Linear(1, 1)": lambda w, x: w[2] * (w[0] * x + w[1]).relu() + w[3],
    "Linear(1, 2), Tanh, Linear(2, 1)": lambda w, x: (
        w[4] * (w[0] * x + w[2]).tanh() + w[5] * (w[1] * x + w[3]).tanh() + w[6]
    ),
    "Linear(1, 2), Sigmoid, Sum": lambda w, x: (
        (w[0] * x + w[2]).sigmoid() + (w[1] * x + w[3]).sigmoid()
    ),
}


def random_case(seed: int) -> tuple[str, Dataset, dict[str, float], list[int]]:
    """Return a network, data, weights and some rows, one of them twice."""
    random = np.random.default_rng(seed)
    network = list(NETWORKS)[seed % len(NETWORKS)]
    data = points(random.normal(size=6), y=random.normal(size=6))
    names = parse_network(network).parameters
    weights = dict(zip(names, map(float, random.normal(size=len(names))), strict=True))
    return network, data, weights, [0, 2, 2, int(random.integers(6))]


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", range(24))
def test_both_curvatures_of_random_networks(seed: int) -> None:
    network, data, weights, rows = random_case(seed)
    x = torch.tensor(data.inputs["x"], dtype=torch.float64)[rows]
    y = torch.tensor(data.y, dtype=torch.float64)[rows]

    def loss(w: Any) -> Any:
        return (NETWORKS[network](w, x) - y).square().mean()

    w = torch.tensor(list(weights.values()), dtype=torch.float64)
    bends, g = hessian(loss, w), torch.func.grad(loss)(w)
    experiment = neuron_on(data, network=network)
    along = curvature_along_gradient(experiment, data, weights, rows)
    largest = sharpness(experiment, data, weights, rows)
    if g.norm() > 0:
        assert along == pytest.approx(float(g @ bends @ g / (g @ g)), rel=1e-9, abs=1e-12)
        assert along <= largest * (1 + 1e-9) + 1e-12
    else:
        assert math.isnan(along)
    assert largest == pytest.approx(float(torch.linalg.eigvalsh(bends)[-1]), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_one_neuron_has_the_same_curvature_everywhere(scale: float) -> None:
    data = points(scale * np.array([0.3, -1.0, 2.0]), y=[5.0, 1.0, 2.0])
    rows = features(data)
    bends = 2 * rows.T @ rows / 3
    for weights in ({"a": 0.0, "b": 0.0}, {"a": 3.0, "b": -20.0}):
        g = 2 * rows.T @ (rows @ np.array(list(weights.values())) - data.y) / 3
        found = curvature_along_gradient(neuron_on(data), data, weights, [0, 1, 2])
        assert found == pytest.approx(g @ bends @ g / (g @ g), rel=1e-9)
        largest = sharpness(neuron_on(data), data, weights, range(3))
        assert largest == pytest.approx(np.linalg.eigvalsh(bends)[-1], rel=1e-12)


def test_the_gradient_is_the_true_one() -> None:
    """Whatever derivative drives the update, and however large its h."""
    network, data, weights, rows = random_case(2)
    found = {
        curvature_along_gradient(neuron_on(data, network=network, **options), data, weights, rows)
        for options in ({"gradient": "backprop"}, {"gradient": "numerical", "h": 0.5})
    }
    assert len(found) == 1


def test_no_slope_no_direction() -> None:
    data = default_data()
    solved = {"a": 2.0, "b": 30.0}
    assert math.isnan(curvature_along_gradient(neuron_on(data), data, solved, range(29)))
    assert sharpness(neuron_on(data), data, solved, range(29)) > 0
    # A unit that is silent for every row: only d has a slope.
    silent = {"a": -1.0, "b": 0.0, "c": 1.0, "d": 0.0}
    experiment = neuron_on(data, network="Linear(1, 1), ReLU, Linear(1, 1)")
    assert curvature_along_gradient(experiment, data, silent, [0, 1]) == 2
    assert sharpness(experiment, data, silent, [0, 1]) == 2


def test_a_slope_too_long_to_square() -> None:
    data = points([1.0], y=[1e300])
    along = curvature_along_gradient(neuron_on(data), data, {"a": 0.0, "b": 0.0}, [0])
    assert along == pytest.approx(4)


def test_weights_that_are_no_numbers() -> None:
    data = default_data()
    experiment = neuron_on(data, network="Linear(1, 1), Linear(1, 1)")
    for value in (math.inf, math.nan, 1e200):
        weights = dict.fromkeys("abcd", value)
        assert math.isnan(curvature_along_gradient(experiment, data, weights, [0]))
        assert math.isnan(sharpness(experiment, data, weights, [0]))


@pytest.mark.parametrize("function", [curvature_along_gradient, sharpness])
def test_what_is_refused(function: Any) -> None:
    data = default_data()
    weights = {"a": 1.0, "b": 1.0}
    with pytest.raises(SpecError, match="weights of 'run': got a, need a, b"):
        function(neuron_on(data), data, {"a": 1.0}, [0])
    with pytest.raises(SpecError, match="weights of 'run': got a, b, c, need a, b"):
        function(neuron_on(data), data, weights | {"c": 1.0}, [0])
    for rows in ([], [29], [-1]):
        with pytest.raises(SpecError, match="need one or more positions from 0 to 28"):
            function(neuron_on(data), data, weights, rows)


@pytest.mark.parametrize(
    ("network", "inputs", "linear"),
    [
        ("Linear(1, 1)", 1, True),
        ("Linear(1, 1, no bias)", 1, True),
        ("Linear(3, 2), Sum", 3, True),
        ("Linear(3, 2), Sum, Sum", 3, True),
        ("Sum, Linear(1, 1)", 3, True),
        ("Tanh, Linear(2, 2), Sum", 2, True),
        ("Linear(1, 1), ReLU", 1, False),
        ("Linear(2, 2), Tanh, Sum", 2, False),
        ("Linear(1, 1), Linear(1, 1)", 1, False),
        ("Sum", 2, False),
    ],
)
def test_linear_in_weights(network: str, inputs: int, linear: bool) -> None:
    """Where it says so, the prediction of a sum of weights is the sum of the predictions."""
    parsed = parse_network(network, inputs)
    assert linear_in_weights(parsed) is linear
    random = np.random.default_rng(0)
    data = points(*random.normal(size=(inputs, 5)), y=np.zeros(5))
    if not parsed.parameters:
        return
    experiment = neuron_on(data, network=network)
    one, two = (
        dict(
            zip(
                parsed.parameters,
                map(float, random.normal(size=len(parsed.parameters))),
                strict=True,
            )
        )
        for _ in range(2)
    )
    curvatures = [sharpness(experiment, data, weights, range(5)) for weights in (one, two)]
    assert (curvatures[0] == pytest.approx(curvatures[1], rel=1e-9)) is linear
