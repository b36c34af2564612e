"""The facts that the lessons teach, found again on both sides: in the workbook and in torch.

Two neurons explode at a rate at which one neuron learns; the exploding sheet freezes and shows no
error; a ReLU saves it from exploding by dying. And one neuron has a border between converging
and exploding that can be calculated beforehand.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.builders import (
    Floats,
    Recalculated,
    default_lesson,
    lesson_of,
    view_of,
)
from xlsgd.base.cells import CellError
from xlsgd.data import default_data
from xlsgd.lessons import Options, lesson_plans
from xlsgd.tabs.layouts.rows.torch_run import run
from xlsgd.tabs.view import View
from xlsgd.tabs.workbook import book_of, build_workbook
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import SquaredError
from xlsgd.training.trace import Trace
from xlsgd.verdict.threshold import explosion_threshold

Numbers = Callable[[str, str], Floats]

PARAMETERS = ("a", "b", "c", "d")
TWO, TWO_RELU = "Linear(1, 1), Linear(1, 1)", "Linear(1, 1), ReLU, Linear(1, 1)"
Y = np.array(default_data().y)
SPREAD = 54.6  # population standard deviation of y: what the best constant prediction leaves
LIMIT = 4.380593e-4  # learning rate at which one epoch's map of the weights stops shrinking


@functools.cache
def lesson() -> Recalculated:
    return Recalculated.of(default_lesson("two-neuron"))


@functools.cache
def experiments() -> dict[str, Experiment]:
    built = lesson_plans()["two-neuron"].build(Options())
    return {experiment.id: experiment for experiment in built.experiments}


@functools.cache
def torch_run(experiment: str) -> Trace:
    return run(View(experiments()[experiment]), default_data(), members=1)


def in_torch(experiment: str, quantity: str) -> Floats:
    return torch_run(experiment)[quantity]


def in_sheet(experiment: str, quantity: str) -> Floats:
    return lesson().numbers(experiment, quantity)


@pytest.fixture(params=["sheet", "torch"])
def numbers(request: pytest.FixtureRequest) -> Numbers:
    """A quantity of an experiment of the lesson two-neuron, row by row, from one side."""
    return in_sheet if request.param == "sheet" else in_torch


def of_all(numbers: Numbers, experiment: str, kind: str) -> Floats:
    """Return a quantity of all four parameters, shape (parameters, rows)."""
    return np.stack([numbers(experiment, f"{kind}.{p}") for p in PARAMETERS])


def test_the_lesson_starts_where_the_puzzle_starts() -> None:
    for name, rate in (("two", 1e-4), ("two-relu", 1e-4), ("two-slow", 1e-5)):
        experiment = experiments()[name]
        assert experiment.learning_rate == rate
        assert experiment.start == dict.fromkeys(PARAMETERS, 1.0)
        assert (experiment.h, experiment.gradient) == (0.01, "numerical")
    assert Y.std() == pytest.approx(SPREAD, abs=0.05)


# Without ReLU: explodes, then freezes


def test_squared_error_passes_a_million_at_step_26(numbers: Numbers) -> None:
    loss = numbers("two", "loss")
    assert (loss[:25] < 1e6).all()
    assert loss[25] > 1e6


def test_derivatives_freeze_at_step_29(numbers: Numbers) -> None:
    weights = np.abs(of_all(numbers, "two", "param"))
    assert (weights[:3, 27] < 1e6).all()
    # "Near 1e15": three of the weights have left the range in which 0.01 more is another number.
    assert ((weights[:3, 28] > 1e14) & (weights[:3, 28] < 1e16)).all()
    assert (weights[:3, 28] + 0.01 == weights[:3, 28]).all()
    derivatives = of_all(numbers, "two", "grad_num")
    assert (derivatives[:, 27] != 0).all()
    assert (derivatives[:, 28:] == 0).all()
    assert derivatives.shape[1] == 290


def test_frozen_weights_stay_where_they_are(numbers: Numbers) -> None:
    weights = of_all(numbers, "two", "new")
    assert (weights[:, 27:] == weights[:, 27:28]).all()
    # It is not for want of a slope: backprop knows one, and an enormous one.
    assert (np.abs(of_all(numbers, "two", "grad")[:, 28:]).min(0) > 1e10).all()


def test_the_exploded_sheet_never_shows_an_error() -> None:
    tab = lesson().found.maps.training["two"]
    values = lesson().values[tab.sheet]
    errors = {p: v for p, v in values.items() if not isinstance(v, float | str)}
    # But where a chart shall draw nothing: what is not within its limit is #N/A there.
    charted = {
        (row, column)
        for table in tab.tables.values()
        for quantity, column in table.columns.items()
        if quantity.startswith("plot.")
        for row in table.rows
    }
    assert {values[p].code for p in charted & errors.keys()} == {"#N/A"}
    assert errors.keys() - charted == set()
    assert lesson().field("two", "verdict") == (
        "exploded at step 26; numerical derivative frozen since step 29"
    )


def test_backprop_explodes_on() -> None:
    experiment = replace(experiments()["two"], gradient="backprop", epochs=2)
    trace = run(View(experiment), default_data(), members=1)
    book = book_of(build_workbook(lesson_of(experiment, data=default_data())))
    sheet = Recalculated.of(book)
    lost = int(np.argmax(~np.isfinite(trace["loss"])))
    assert 28 <= lost < 40
    cells = sheet.cells("two", "loss")
    assert all(isinstance(v, float) and np.isfinite(v) for v in cells[:lost])
    assert all(isinstance(v, CellError) for v in cells[lost:])
    assert not np.isfinite(trace["loss"][lost:]).any()
    exploded = int(trace["exploded_at"][-1])
    assert sheet.field("two", "verdict") == (
        f"exploded at step {exploded}; no number since step {lost + 1}"
    )
    assert cells[exploded - 1] > 1e6 >= max(cells[: exploded - 1])


# With ReLU: dies


def test_relu_goes_the_same_way_until_it_dies(numbers: Numbers) -> None:
    for kind in ("param", "grad_num", "grad", "new"):
        without, with_relu = (of_all(numbers, name, kind) for name in ("two", "two-relu"))
        until = 25 if kind != "param" else 26
        np.testing.assert_array_equal(without[:, :until], with_relu[:, :until], err_msg=kind)
    for quantity in ("lin1", "pred", "loss"):
        without, with_relu = (numbers(name, quantity)[:25] for name in ("two", "two-relu"))
        np.testing.assert_array_equal(without, with_relu, err_msg=quantity)


def test_relu_is_dead_since_step_26(numbers: Numbers) -> None:
    output = numbers("two-relu", "relu1")
    assert (output[:25] > 0).all()
    assert (output[25:] == 0).all()
    for kind in ("grad", "grad_num"):
        derivatives = of_all(numbers, "two-relu", kind)
        assert (derivatives[:3, 25:] == 0).all()
        assert (derivatives[3, 25:] != 0).all()
    weights = of_all(numbers, "two-relu", "new")
    assert (weights[:3, 25:] == weights[:3, 25:26]).all()
    assert (np.diff(weights[3, 25:]) != 0).all()


def test_the_sheet_says_that_the_relu_is_dead() -> None:
    assert lesson().field("two-relu", "dead_since.relu1") == 26
    assert "relu1 dead since step 26" in lesson().field("two-relu", "verdict")
    assert "dead" not in lesson().field("two-relu-slow", "verdict")


def test_rmse_of_the_dead_net_is_what_a_constant_leaves(numbers: Numbers) -> None:
    d = numbers("two-relu", "param.d").reshape(10, 29)
    loss = numbers("two-relu", "loss").reshape(10, 29)
    for epoch in range(1, 10):
        # d is the prediction; it creeps from row to row, so that this holds nearly, not exactly.
        expected = Y.var() + (d[epoch].mean() - Y.mean()) ** 2
        assert loss[epoch].mean() == pytest.approx(expected, rel=0.01)


def test_rmse_of_the_dead_net_tends_to_the_spread_of_y() -> None:
    epochs, rows = 100, 29
    trace = run(View(replace(experiments()["two-relu"], epochs=epochs)), default_data(), members=1)
    rmse = np.sqrt(trace["loss"].reshape(epochs, rows).mean(1))
    assert (np.diff(rmse[1:]) < 0).all()
    assert rmse[-1] > SPREAD
    # d goes towards the mean of y by the share 1 - (1 - 2·learning_rate)^29 an epoch, so what is
    # above the spread after 100 epochs tells where it ends: after 2,000 more, nothing is left.
    gap = Y.mean() - trace["new.d"].reshape(epochs, rows)[:, -1]
    np.testing.assert_allclose(gap[1:] / gap[:-1], (1 - 2e-4) ** rows, rtol=1e-3)
    left = gap[-1] * (1 - 2e-4) ** (rows * 2000)
    assert np.sqrt(Y.var() + left**2) == pytest.approx(SPREAD, abs=0.05)


# A tenth of the rate


def test_at_a_tenth_of_the_rate_the_relu_does_nothing(numbers: Numbers) -> None:
    for name in ("lin1", "pred", "loss"):
        plain, relu = (numbers(e, name) for e in ("two-slow", "two-relu-slow"))
        np.testing.assert_array_equal(plain, relu, err_msg=name)
    for kind in ("param", "loss_up", "grad_num", "grad", "new"):
        plain, relu = (of_all(numbers, e, kind) for e in ("two-slow", "two-relu-slow"))
        np.testing.assert_array_equal(plain, relu, err_msg=kind)
    loss = numbers("two-slow", "loss").reshape(10, 29).mean(1)
    assert (np.diff(loss) < 0).all()


def test_two_neurons_are_one(numbers: Numbers) -> None:
    for name in ("two-slow", "two-better-start", "two-momentum", "two-adam"):
        a, b, c, d = of_all(numbers, name, "param")
        np.testing.assert_allclose(numbers(name, "slope"), a * c, rtol=1e-14)
        np.testing.assert_allclose(numbers(name, "intercept"), c * b + d, rtol=1e-13)
        np.testing.assert_allclose(
            numbers(name, "pred_collapsed"), numbers(name, "pred"), rtol=1e-12
        )


def test_relu_has_no_collapsed_form() -> None:
    maps = lesson().found.maps.training
    assert "pred_collapsed" in maps["two"].tables["steps"].columns
    assert "pred_collapsed" not in maps["two-relu"].tables["steps"].columns


# One neuron's border


def growth(learning_rate: float) -> float:
    """Return by how much one epoch stretches the weights' distance from the solution, at most.

    Every row takes (a, b) by a matrix of its own; an epoch is the product of 29 of them.
    """
    epoch = np.eye(2)
    for x in default_data().inputs["x"]:
        row = np.array([[x * x, x], [x, 1.0]])
        epoch = (np.eye(2) - 2 * learning_rate * row) @ epoch
    return float(np.abs(np.linalg.eigvals(epoch)).max())


def test_the_border_is_where_the_map_of_an_epoch_stops_shrinking() -> None:
    assert growth(LIMIT) == pytest.approx(1, abs=1e-5)
    assert growth(LIMIT * (1 - 1e-6)) < 1 < growth(LIMIT * (1 + 1e-6))


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_one_neuron_on_either_side_of_the_border(factor: float) -> None:
    data, epochs = default_data(), 60
    view = view_of(
        data=data,
        learning_rate=factor * LIMIT,
        start={"a": 1.0, "b": 1.0},
        gradient="backprop",
        epochs=epochs,
        # The run below the border swings high.
        typed={"exploded_above": explosion_threshold(SquaredError(), [data.y], 0.0) * 100},
    )
    sheet = Recalculated.of(book_of(build_workbook(lesson_of(view, data=data))))
    trace = run(view, data, members=1)
    for a, loss in (
        (trace["param.a"], trace["loss"]),
        (sheet.numbers("run", "param.a"), sheet.numbers("run", "loss")),
    ):
        mean_loss = loss.reshape(epochs, -1).mean(1)
        # In the long run the squared error changes by the square of the growth every epoch.
        change = (mean_loss[-1] / mean_loss[-11]) ** (1 / 20)
        assert change == pytest.approx(growth(factor * LIMIT), rel=2e-3)
        if factor < 1:
            assert np.abs(a).max() < 100
            assert mean_loss[-1] < mean_loss[0]
        else:
            assert (np.abs(a[29 * 49 : 29 * 50]) > 1e6).any()
    assert sheet.field("run", "verdict").startswith("exploded at step ") == (factor > 1)


def test_above_the_border_narrow_windows_are_stable_again() -> None:
    rates = np.linspace(LIMIT, 3 * LIMIT, 2001)[1:]
    stable = [rate for rate in rates if growth(rate) < 1]
    assert stable
    assert len(stable) < 0.2 * len(rates)
