"""The largest stable learning rate, against textbook formulas, plain numpy and real training."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.stability.limits import (
    FULL_BATCH,
    LINEAR,
    limit,
    random_data,
)
from tests.stability.limits import fewer_rates as fewer_rates
from tests.stability.witnesses import (
    Floats,
    distances,
    epoch_matrices,
    features,
    neuron_on,
    points,
    radius,
)
from xlsgd.data import Dataset, default_data
from xlsgd.torch_side.stability import spectral_radius

# Numbers known from elsewhere


@pytest.mark.parametrize(
    ("optimizer", "batch_size", "expected"),
    [
        ("sgd", 1, 4.380593e-4),
        ("sgd", 29, 3.974105e-4),
        ("momentum", 1, 2.665314e-4),
        # Without dampening every gradient counts 1/(1 - beta) = 10 times as much.
        ("momentum-classic", 1, 2.665314e-5),
        ("nesterov", 1, 1.3528363e-4),
    ],
)
def test_the_default_points(optimizer: str, batch_size: int, expected: float) -> None:
    found = limit(default_data(), optimizer, batch_size=batch_size)
    assert found == pytest.approx(expected, rel=2e-7)


def test_a_gradient_dampened_by_a_tenth_only() -> None:
    """Torch's dampening is the share left out: 0.1 leaves 0.9 of it, nine times as much as 0.9."""
    x = features(default_data())
    rates = limit(default_data(), "momentum") / 9 * np.array([1 - 1e-7, 1 + 1e-7])
    product = np.broadcast_to(np.eye(4), (2, 4, 4))
    for row in x:
        push = 0.9 * 2 * np.outer(row, row)
        steps = [
            np.block([[np.eye(2) - rate * push, -rate * 0.9 * np.eye(2)], [push, 0.9 * np.eye(2)]])
            for rate in rates
        ]
        product = np.stack(steps) @ product
    below, above = np.abs(np.linalg.eigvals(product)).max(-1)
    assert below < 1 < above
    assert rates == pytest.approx(2.961460e-5, rel=2e-7)


@pytest.mark.sampled
@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("optimizer", LINEAR)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("bias", [True, False])
def test_full_batch_is_a_factor_over_the_largest_curvature(
    optimizer: str, scale: float, bias: bool
) -> None:
    for seed in range(2):
        data = random_data(seed, inputs=1 + seed, scale=scale)
        rows = features(data, bias)
        largest = 2 * np.linalg.norm(rows, 2) ** 2 / data.rows
        # The last batch of an epoch may be shorter than the others, the only one too.
        batch_size = data.rows if seed else 100
        found = limit(data, optimizer, bias=bias, batch_size=batch_size)
        assert found == pytest.approx(FULL_BATCH[optimizer] / largest, rel=1e-11)


@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("beta", [0.0, 0.3, 0.99, 0.9999])
def test_every_beta(beta: float) -> None:
    data = points([1.0, -2.0, 0.5])
    # For y = a·x, the curvature is twice the mean of x².
    curvature = 2 * (1 + 4 + 0.25) / 3
    factors = {
        "momentum": 2 * (1 + beta) / (1 - beta),
        "momentum-classic": 2 * (1 + beta),
        "nesterov": (2 + 2 * beta) / (1 + 2 * beta),
    }
    for optimizer, factor in factors.items():
        found = limit(data, optimizer, bias=False, batch_size=3, hyper={"beta": beta})
        assert found == pytest.approx(factor / curvature, rel=1e-8)


def test_momentum_of_beta_0_is_gradient_descent() -> None:
    data = default_data()
    plain = limit(data)
    for optimizer in ("momentum", "momentum-classic", "nesterov"):
        found = limit(data, optimizer, hyper={"beta": 0.0})
        assert found == pytest.approx(plain, rel=1e-10)


# Plain numpy


@pytest.mark.sampled(8)
@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("seed", range(24))
def test_radius_and_limit_of_random_data(seed: int) -> None:
    optimizer = LINEAR[seed % 4]
    bias = seed % 3 > 0
    data = random_data(100 + seed, inputs=1 + seed % 2, scale=1.0 if bias else 10.0 ** (seed - 12))
    batch_size = 1 + seed % 5
    rows = features(data, bias)
    experiment = neuron_on(data, optimizer, bias, batch_size=batch_size)
    found = limit(data, optimizer, bias=bias, batch_size=batch_size)

    rates = found * np.array([1e-3, 0.3, 1 - 1e-3, 1, 1 + 1e-3, 2])
    if np.linalg.matrix_rank(rows) == rows.shape[1]:
        expected = radius(optimizer, rows, batch_size, rates)
        assert spectral_radius(experiment, data, rates) == pytest.approx(expected, rel=1e-7)
        assert expected[3] == pytest.approx(1, abs=1e-7)
        assert expected[2] < 1 < expected[4]
    # Where some direction is flat, plain eigenvalues hold a 1 for it.
    below = radius(optimizer, rows, batch_size, found * np.linspace(0, 1, 1001)[1:-1])
    assert (below < 1 + 1e-9).all()


@pytest.mark.sampled(4)
@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("seed", range(12))
def test_at_the_limit_an_eigenvalue_is_as_long_as_1(seed: int) -> None:
    """By the characteristic polynomial: one of its zeros lies on the unit circle, none outside."""
    optimizer = LINEAR[seed % 4]
    data = random_data(200 + seed)
    rows = features(data)
    found = limit(data, optimizer, batch_size=2)
    matrix = epoch_matrices(optimizer, rows, 2, found)
    if optimizer == "sgd":
        matrix = matrix[:2, :2]
    polynomial = characteristic(matrix)
    assert np.abs(np.roots(polynomial)).max() == pytest.approx(1, abs=1e-6)
    angles = np.exp(1j * np.linspace(0, np.pi, 20001))
    smallest = np.abs(np.polyval(polynomial, angles)).min()
    assert smallest < 1e-3 * np.abs(polynomial).sum()


def characteristic(matrix: Floats) -> Floats:
    """Return the coefficients of det(z·1 - M), by Faddeev and LeVerrier: traces alone."""
    coefficients, product = [1.0], np.eye(len(matrix))
    for k in range(1, len(matrix) + 1):
        product = matrix @ product
        coefficients.append(-np.trace(product) / k)
        product = product + coefficients[-1] * np.eye(len(matrix))
    return np.array(coefficients)


# Training


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", LINEAR)
@pytest.mark.parametrize("batch_size", [1, 10])
def test_torch_trains_below_the_limit_and_blows_up_above(optimizer: str, batch_size: int) -> None:
    data = default_data()
    experiment = neuron_on(data, optimizer, batch_size=batch_size)
    rates = limit(data, optimizer, batch_size=batch_size) * np.array([0.99, 1.01])
    growth = spectral_radius(experiment, data, rates)
    assert growth[0] < 1 < growth[1]
    # As many epochs as make a distance grow 10 times.
    epochs = math.ceil(math.log(10) / math.log(growth[1]))
    solution = [2.0, 30.0]
    below, above = (
        distances(optimizer, data, batch_size, rate, epochs, solution) for rate in rates
    )
    first, last = slice(0, epochs // 4), slice(-epochs // 4, None)
    assert max(below[last]) < max(below[first])
    assert max(above[last]) > 3 * max(above[first])


# What does not change the limit


@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_things_that_play_no_part(optimizer: str) -> None:
    data = random_data(7)
    expected = limit(data, optimizer, batch_size=2)
    other_y = Dataset("points", data.inputs, tuple(1e3 - 7 * y for y in data.y))
    for same in (
        limit(other_y, optimizer, batch_size=2),
        limit(data, optimizer, batch_size=2, start={"a": 5.0}, epochs=1, learning_rate=0.0),
        limit(data, optimizer, batch_size=2, gradient="backprop"),
        limit(data, optimizer, batch_size=2, difference="central", h=0.5),
    ):
        assert same == expected


def test_a_forward_difference_adds_the_same_whatever_the_weights() -> None:
    """Training by (loss(w + h) - loss(w))/h: the distance of two runs is multiplied by the map."""
    x = features(random_data(3))
    rate, h = 0.1, 0.3

    def epoch(w: Floats) -> Floats:
        for row in x:
            loss = (row @ w) ** 2
            up = np.array([(row @ (w + h * one)) ** 2 for one in np.eye(2)])
            w = w - rate * (up - loss) / h
        return w

    first, second = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    matrix = epoch_matrices("sgd", x, 1, rate)[:2, :2]
    assert epoch(first) - epoch(second) == pytest.approx(matrix @ (first - second), rel=1e-9)


@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("optimizer", LINEAR)
def test_rows_in_a_circle(optimizer: str) -> None:
    """An epoch may begin anywhere, and all data twice is two epochs."""
    data = random_data(300 + LINEAR.index(optimizer))
    x = list(data.inputs["x"])
    expected = limit(data, optimizer)
    assert limit(points(x[1:] + x[:1]), optimizer) == pytest.approx(expected, rel=1e-9)
    assert limit(points(x + x), optimizer) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("power", [-150, -6, 6, 150])
def test_other_units(power: int) -> None:
    x = np.array([0.3, -1.2, 2.5, 0.9])
    expected = limit(points(x), bias=False)
    found = limit(points(x * 2.0**power), bias=False)
    assert found * 2.0 ** (2 * power) == pytest.approx(expected, rel=1e-12)


def test_units_that_are_summed_up() -> None:
    """Two units have twice the weights: every slope counts twice."""
    data = default_data()
    found = limit(data, network="Linear(1, 2), Sum")
    assert found == pytest.approx(limit(data) / 2, rel=1e-10)


def test_layers_before_the_weights() -> None:
    data = points([0.5, -1.0, 2.0])
    bent = points(np.tanh([0.5, -1.0, 2.0]))
    assert limit(data, network="Tanh, Linear(1, 1)") == pytest.approx(limit(bent), rel=1e-10)
