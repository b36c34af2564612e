"""The largest stable learning rate, against textbook formulas, plain numpy and real training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.stability.witnesses import (
    BETA,
    UPDATES,
    Floats,
    distances,
    epoch_matrices,
    features,
    neuron_on,
    points,
    radius,
)
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset, default_data
from xlsgd.torch_side.stability import NoLimitError, spectral_radius, stability_limit
from xlsgd.training.losses import Loss
from xlsgd.training.losses.squared_error import SquaredError
from xlsgd.training.optimizers import optimizers

LINEAR = tuple(UPDATES)

FULL_BATCH = {
    "sgd": 2.0,
    "momentum": 2 * (1 + BETA) / (1 - BETA),
    "momentum-classic": 2 * (1 + BETA),
    "nesterov": (2 + 2 * BETA) / (1 + 2 * BETA),
}
"""The limit times the largest curvature, where every step sees all rows."""


def limit(data: Dataset, optimizer: str = "sgd", **options: Any) -> float:
    """Return the limit of one neuron, where there is one."""
    found = stability_limit(neuron_on(data, optimizer, **options), data)
    assert found.value is not None, found.reason
    assert found.reason == ""
    assert found.resolution is not None
    assert 0 < found.resolution <= 1 / 256
    return found.value


def why_none(data: Dataset, optimizer: str = "sgd", **options: Any) -> str:
    """Return why there is no limit."""
    experiment = neuron_on(data, optimizer, **options)
    found = stability_limit(experiment, data)
    assert found.value is found.resolution is None
    with pytest.raises(NoLimitError) as error:
        spectral_radius(experiment, data, [0.1])
    assert str(error.value) == found.reason
    return found.reason


def random_data(seed: int, inputs: int = 1, scale: float = 1.0) -> Dataset:
    """Return 2 to 12 random rows; some inputs are much the same in all rows, some vary a lot."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(2, 13))
    columns = random.normal(random.normal(size=(inputs, 1)), random.uniform(0.1, 2), (inputs, rows))
    return points(*(scale * columns), y=random.normal(size=rows))


@pytest.fixture
def fewer_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try 512 rates an octave, not 4096: enough for curves without narrow windows."""
    monkeypatch.setattr("xlsgd.torch_side.stability.limit.FINEST", 512)


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


# Directions in which no loss changes


@pytest.mark.sampled
@pytest.mark.usefixtures("fewer_rates")
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
@pytest.mark.parametrize("x", [0.0, 0.1 + 0.2, -1e6])
def test_all_x_equal(optimizer: str, x: float) -> None:
    for data in (points([x]), points([x, x, x]), points([x, np.nextafter(x, 9)])):
        expected = FULL_BATCH[optimizer] / (2 * (x * x + 1))
        assert limit(data, optimizer) == pytest.approx(expected, rel=1e-9)


def test_a_column_of_zeros() -> None:
    data = points([1.0, 2.0, -3.0], [0.0, 0.0, 0.0])
    assert limit(data) == pytest.approx(limit(points([1.0, 2.0, -3.0])), rel=1e-10)
    assert limit(data, bias=False) == pytest.approx(
        limit(points([1.0, 2.0, -3.0]), bias=False), rel=1e-10
    )


def test_a_column_that_is_the_sum_of_others() -> None:
    first, second = np.array([0.1, 0.7, -0.4, 1.3]), np.array([0.2, -0.9, 0.6, 0.5])
    data = points(first, second, first + second)
    rows = features(data)
    found = limit(data)
    around = radius("sgd", rows, 1, found * np.array([1 - 1e-6, 1 + 1e-6]))
    assert around[0] == pytest.approx(1, abs=1e-12)  # the flat direction
    assert around[1] > 1 + 1e-8
    shrinks = spectral_radius(neuron_on(data), data, [found * (1 - 1e-6)])[0]
    assert shrinks < 1 - 1e-8


def test_fewer_rows_than_weights() -> None:
    data = points([1.0], [2.0], [-3.0])
    assert limit(data) == pytest.approx(1 / (1 + 4 + 9 + 1), rel=1e-12)


# Curves that are hard to follow


def test_a_peak_narrower_than_the_grid() -> None:
    """(1 - lr·g)(1 - lr·h) dips to -(h - g)²/4gh between its zeros: to -1 where h/g = 3 + √8."""
    for above, stable in ((1e-9, False), (-1e-9, True)):
        g, h = 1.0, (3 + math.sqrt(8)) * (1 + above)
        data = points([math.sqrt(g / 2), math.sqrt(h / 2)])
        found = limit(data, bias=False)
        bottom = (g + h) / (2 * g * h)
        if stable:
            assert found == pytest.approx(1 / g + 1 / h, rel=1e-9)  # where the product is 1 again
        else:
            assert found == pytest.approx(bottom, rel=1e-4)
            assert (1 - found * g) * (1 - found * h) == pytest.approx(-1, abs=1e-12)


def test_above_the_limit_it_may_be_stable_again() -> None:
    data = default_data()
    found = limit(data)
    rates = np.linspace(found, 3 * found, 2001)[1:]
    sizes = spectral_radius(neuron_on(data), data, rates)
    assert sizes[0] > 1
    assert (sizes < 1).any()


@pytest.mark.parametrize("optimizer", LINEAR)
def test_rows_almost_the_same(optimizer: str) -> None:
    """One epoch brings the slope nearer by 1e-12 of what is missing: that is still nearer."""
    x = 1e6 + np.array([0.1, 0.5, 0.3, 0.8])
    data = points(x)
    found = limit(data, optimizer)
    # One direction is so flat that it hardly counts.
    assert found == pytest.approx(FULL_BATCH[optimizer] / (2 * (1e12 + 1)), rel=1e-5)
    below = spectral_radius(neuron_on(data, optimizer), data, found * np.linspace(0.1, 0.9, 9))
    assert (below <= 1).all()


def test_the_radius_of_extreme_rates() -> None:
    data = default_data()
    experiment = neuron_on(data, "momentum")
    found = spectral_radius(experiment, data, [[0.0, 1e-30], [1e-9, 1e300]])
    assert found.shape == (2, 2)
    assert found[0].tolist() == [1, 1]
    assert 1 - 1e-4 < found[1, 0] < 1
    assert found[1, 1] == math.inf
    assert spectral_radius(experiment, data, []).shape == (0,)
    assert spectral_radius(experiment, data, 0.0).shape == ()
    for rate in (-1.0, math.nan, math.inf):
        with pytest.raises(SpecError, match="learning_rates: need numbers of 0 or greater"):
            spectral_radius(experiment, data, [rate])


def test_many_rows_and_weights_take_fewer_rates() -> None:
    random = np.random.default_rng(0)
    data = points(*random.normal(size=(6, 40)))
    found = stability_limit(neuron_on(data, "momentum"), data)
    assert found.value is not None
    assert 1 / 4096 < (found.resolution or 0) <= 1 / 256
    around = radius("momentum", features(data), 1, found.value * np.array([1 - 1e-6, 1 + 1e-6]))
    assert around[0] < 1 < around[1]


# No limit


@pytest.mark.parametrize(
    "network",
    ["Linear(1, 1), ReLU", "Linear(1, 1), Linear(1, 1)", "Linear(1, 2), Tanh, Sum", "Sum"],
)
def test_networks_without_a_limit(network: str) -> None:
    reason = why_none(default_data(), network=network)
    assert reason.startswith(f"the network {network} ")
    assert ("has no weights" if network == "Sum" else "not linear in its weights") in reason


@pytest.mark.parametrize("optimizer", sorted(set(optimizers()) - set(LINEAR)))
def test_optimizers_without_a_limit(optimizer: str) -> None:
    reason = why_none(default_data(), optimizer)
    assert optimizer in reason
    assert ("counts its steps" in reason) == optimizers()[optimizer].counts_steps


def test_nothing_to_learn_from() -> None:
    zeros = points([0.0, 0.0], y=[1.0, 2.0])
    assert "no weight changes any loss" in why_none(zeros, bias=False)
    assert limit(zeros) == pytest.approx(1)  # b alone: its curvature is 2


def test_numbers_too_large() -> None:
    assert "too large" in why_none(points([1e200, 1.0]))


def test_too_much_to_try() -> None:
    random = np.random.default_rng(0)
    data = points(*random.normal(size=(60, 65)))
    found = stability_limit(neuron_on(data, "momentum"), data)
    assert found.value is None
    assert "so many weights, 61" in found.reason
    assert limit(data, "momentum", batch_size=65) > 0  # one direction decides


@pytest.mark.parametrize(
    ("module", "parabola"),
    [
        (lambda p, y: 0.5 * (p - y).square(), True),
        (lambda p, y: (p - y).abs(), False),
        (lambda p, y: torch.nn.functional.huber_loss(p, y, reduction="none", delta=100.0), False),
        (lambda p, y: (p - y.square()).square(), False),
        (lambda p, y: -(p - y).square(), False),
    ],
)
def test_losses(monkeypatch: pytest.MonkeyPatch, module: Any, parabola: bool) -> None:
    class Other(SquaredError):
        name = "other"
        curvature = 1.0 if parabola else None

        def module(self) -> Any:
            return module

    loss: Loss = Other()
    if parabola:
        assert limit(default_data(), loss=loss) == pytest.approx(2 * limit(default_data()))
    else:
        assert why_none(default_data(), loss=loss).startswith("the loss other is no parabola")
