"""The largest stable learning rate where no loss changes in some direction, where a curve is hard
to follow, and where there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.stability.limits import (
    FULL_BATCH,
    LINEAR,
    limit,
    why_none,
)
from tests.stability.limits import fewer_rates as fewer_rates
from tests.stability.witnesses import (
    features,
    neuron_on,
    points,
    radius,
)
from xlsgd.base.errors import SpecError
from xlsgd.data import default_data
from xlsgd.torch_side.stability import spectral_radius, stability_limit
from xlsgd.training.losses import Loss
from xlsgd.training.losses.squared_error import SquaredError
from xlsgd.training.optimizers import optimizers

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
