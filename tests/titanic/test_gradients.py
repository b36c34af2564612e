"""Derivatives in the cells: backprop's against autograd, the numerical one against its error."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from tests.builders import Floats
from tests.titanic.books import (
    Calculated,
    Place,
    Small,
    features,
    generated,
    labels,
    weights_of,
)
from xlsgd.data.passengers import INPUTS, made_passengers

ROWS = 40
STEPS_OF_H = (1e-2, 1e-3, 1e-4, 1e-5)
CHOSEN = ("a1_male", "a1_age_n", "a2_sibsp", "a2_ones")


@functools.cache
def book(difference: str = "forward") -> Small:
    return Small.of(generated(ROWS, 1, difference=difference))


@functools.cache
def x() -> Floats:
    return features(made_passengers(ROWS))


@functools.cache
def y() -> Floats:
    return labels(made_passengers(ROWS))


def random_weights(seed: int) -> Floats:
    """Return weights of shape (2, 10) under which both units let some passengers through and
    others not, and nobody is so near 0 that a weight moved by the greatest h makes a change."""
    for attempt in range(seed * 1000, (seed + 1) * 1000):
        w = np.random.default_rng(attempt).normal(0, 0.6, (2, 10)).round(3)
        lin = x() @ w.T
        clear = np.abs(lin) > STEPS_OF_H[0] * np.max(np.abs(x()), axis=1, keepdims=True)
        mixed = (lin > 0).any(axis=0) & (lin < 0).any(axis=0)
        if clear.all() and mixed.all():
            return w
    raise LookupError("no such weights")


def started(w: Floats, difference: str = "forward", **fields: float | str) -> Calculated:
    """Return the workbook with other start weights and other inputs on the tab of training."""
    changes = {f"init.{name}": value for name, value in weights_of(w).items()} | fields
    return book(difference).calculated({Place("training", k): v for k, v in changes.items()})


def autograd(w: Floats) -> dict[str, float]:
    """Return the derivative of the mean loss for every weight."""
    leaf = torch.tensor(w, requires_grad=True)
    pred = torch.relu(torch.tensor(x()) @ leaf.T).sum(dim=1)
    ((pred - torch.tensor(y())) ** 2).mean().backward()
    assert leaf.grad is not None
    return weights_of(leaf.grad.numpy())


def number(book: Calculated, quantity: str) -> float:
    return float(book.value(Place("training", quantity, "steps", 0)))


@pytest.mark.parametrize("seed", range(4))
def test_backprop_equals_autograd(seed: int) -> None:
    w = random_weights(seed)
    changed = started(w)
    found = {name: number(changed, f"grad.{name}") for name in weights_of(w)}
    expected = autograd(w)
    # An input may be 0 for all whom a unit lets through; most are not.
    assert sum(value != 0 for value in expected.values()) > 14
    assert found == pytest.approx(expected, rel=1e-10, abs=0)


@pytest.mark.parametrize("chosen", CHOSEN)
def test_the_derivative_shown_is_that_of_the_chosen_weight(chosen: str) -> None:
    w = random_weights(0)
    changed = started(w, derivative_of=chosen)
    assert number(changed, "grad_of") == pytest.approx(autograd(w)[chosen], rel=1e-10)
    assert number(changed, "grad_num") == pytest.approx(autograd(w)[chosen], abs=0.1)


def half_curvature(w: Floats, chosen: str) -> float:
    """Return half the second derivative of the mean loss for a weight, without kinks: the mean of
    the input's squares over the passengers whom its unit lets through."""
    unit, name = int(chosen[1]) - 1, chosen[3:]
    through = x() @ w[unit] > 0
    return float(np.mean(through * x()[:, INPUTS.index(name)] ** 2))


def rounding(book: Calculated, h: float) -> float:
    """Return what a few roundings of the mean loss come to, divided by h."""
    return 8 * 2.0**-53 * number(book, "loss") / h


@pytest.mark.sampled
@pytest.mark.parametrize("h", STEPS_OF_H)
@pytest.mark.parametrize("chosen", CHOSEN)
def test_the_forward_differences_error_is_in_proportion_to_h(chosen: str, h: float) -> None:
    # Without a kink the mean loss is a parabola in each weight: the error is just its bend.
    w = random_weights(1)
    changed = started(w, derivative_of=chosen, h=h)
    error = number(changed, "grad_num") - number(changed, "grad_of")
    bend = half_curvature(w, chosen)
    assert bend > 0.01
    assert error == pytest.approx(h * bend, rel=1e-9, abs=rounding(changed, h))


@pytest.mark.sampled
@pytest.mark.parametrize("h", STEPS_OF_H)
@pytest.mark.parametrize("chosen", CHOSEN)
def test_the_central_difference_of_a_parabola_has_no_error(chosen: str, h: float) -> None:
    w = random_weights(1)
    changed = started(w, "central", derivative_of=chosen, h=h)
    error = number(changed, "grad_num") - number(changed, "grad_of")
    assert abs(error) <= rounding(changed, h)


@pytest.mark.parametrize("difference", ["forward", "central"])
def test_the_gap_shown_is_relative(difference: str) -> None:
    changed = started(random_weights(2), difference, h=0.01)
    numerical, backprop = number(changed, "grad_num"), number(changed, "grad_of")
    gap = abs(numerical - backprop) / (abs(numerical) + abs(backprop))
    assert number(changed, "grad_diff") == pytest.approx(gap, rel=1e-12, abs=1e-300)


def test_a_kink_between_costs_both_differences() -> None:
    # A unit whose sums are 0.005 and more below 0: h carries those nearest over the kink.
    w = random_weights(0)
    lin = x() @ w[0]
    w[0, INPUTS.index("ones")] -= lin.max() + 0.005
    backprop = autograd(w)["a1_ones"]
    assert backprop == 0
    forward = started(w, derivative_of="a1_ones", h=0.01)
    central = started(w, "central", derivative_of="a1_ones", h=0.01)
    assert number(forward, "grad_of") == 0
    assert number(forward, "grad_num") != 0
    assert number(central, "grad_num") == pytest.approx(number(forward, "grad_num") / 2, rel=1e-9)
