"""What holds for every run, whatever its numbers.

Properties are looked at in the recalculated sheet: torch's side equals it, as other tests show."""

from __future__ import annotations

import functools
import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import Floats, Recalculated, experiment_of, lesson_of, small_data, view_of
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.tabs.layouts.rows.torch_run import positions
from xlsgd.tabs.view import View
from xlsgd.tabs.workbook import book_of, build_workbook
from xlsgd.training.experiment import Experiment
from xlsgd.training.optimizers import optimizers

pytestmark = pytest.mark.every

TWO, TWO_RELU = "Linear(1, 1), Linear(1, 1)", "Linear(1, 1), ReLU, Linear(1, 1)"


def calculated(*shown: View | Experiment, data: Dataset | None = None) -> Recalculated:
    """Return the recalculated workbook of experiments."""
    return Recalculated.of(book_of(build_workbook(lesson_of(*shown, data=data))))


def weights(sheet: Recalculated, experiment: str, kind: str = "param") -> Floats:
    """Return a quantity of all parameters, shape (parameters, rows)."""
    names = sheet.found.experiments[experiment].network.parameters
    return np.stack([sheet.numbers(experiment, f"{kind}.{p}") for p in names])


# Optimizers


@functools.cache
def every_optimizer(learning_rate: float) -> Recalculated:
    """Return a workbook with a run of two neurons by every optimizer."""
    return calculated(
        *(
            experiment_of(TWO, name, id=name, learning_rate=learning_rate, epochs=2)
            for name in optimizers()
        )
    )


@pytest.mark.parametrize("name", optimizers())
def test_learning_rate_0_changes_nothing(name: str) -> None:
    found = weights(every_optimizer(0.0), name, "new")
    start = list(every_optimizer(0.0).found.experiments[name].start.values())
    # Rprop, in torch as well, has steps of a least size however they begin; they grow by a fifth.
    least = {"rprop": 1e-6}.get(name, 0.0)
    moved = np.abs(found - np.array(start)[:4, np.newaxis])
    assert (moved <= np.cumsum(least * 1.2 ** np.arange(found.shape[1])) * (1 + 1e-6)).all()
    assert (weights(every_optimizer(0.01), name, "new")[:, 0] != start[:4]).all()


def test_momentum_without_memory_is_plain_descent() -> None:
    """With beta 0 every kind of momentum does what sgd does, to the last bit."""
    kinds = [n for n, o in optimizers().items() if "beta" in {h.key for h in o.hyperparameters}]
    kinds = [name for name in kinds if "velocity" in optimizers()[name].state]
    # To those that keep no velocity without beta, it has to be above 0.
    kinds = [n for n in kinds if not any(g.positive for g in optimizers()[n].hyperparameters)]
    assert {"momentum", "momentum-classic", "nesterov"} <= set(kinds)
    sheet = calculated(
        experiment_of(TWO, "sgd", id="sgd"),
        *(experiment_of(TWO, name, id=name, hyper={"beta": 0.0}) for name in kinds),
    )
    for name in kinds:
        np.testing.assert_array_equal(weights(sheet, name, "new"), weights(sheet, "sgd", "new"))
        np.testing.assert_array_equal(
            weights(sheet, name, "velocity"), weights(sheet, "sgd", "grad_used")
        )


def test_momentum_conventions_differ_by_a_factor_of_the_rate() -> None:
    """v = beta·v + g at a rate is v = beta·v + (1 - beta)·g at 1/(1 - beta) times that rate."""
    sheet = calculated(
        experiment_of(TWO, "momentum", id="dampened", learning_rate=0.04, hyper={"beta": 0.75}),
        experiment_of(
            TWO, "momentum-classic", id="classic", learning_rate=0.01, hyper={"beta": 0.75}
        ),
    )
    np.testing.assert_allclose(
        weights(sheet, "dampened", "new"), weights(sheet, "classic", "new"), rtol=1e-12
    )


def test_first_step_of_adam_is_the_learning_rate_long() -> None:
    sheet = calculated(experiment_of(TWO, "adam", learning_rate=0.01, hyper={"eps": 1e-15}))
    step = weights(sheet, "run", "new")[:, 0] - weights(sheet, "run")[:, 0]
    np.testing.assert_allclose(np.abs(step), 0.01, rtol=1e-9)
    np.testing.assert_array_equal(np.sign(step), -np.sign(weights(sheet, "run", "grad_used")[:, 0]))


# Networks


@pytest.mark.parametrize("between", ["", ", ReLU", ", Tanh", ", Sigmoid"])
def test_twin_neurons_stay_twins(between: str) -> None:
    twins = {"a1": 0.4, "a2": 0.4, "b1": 0.1, "b2": 0.1, "c1": 0.7, "c2": 0.7, "d": -0.2}
    sheet = calculated(experiment_of(f"Linear(1, 2){between}, Linear(2, 1)", start=twins))
    for name in "abc":
        for kind in ("param", "grad_num", "grad", "new"):
            one, other = (sheet.numbers("run", f"{kind}.{name}{i}") for i in (1, 2))
            np.testing.assert_array_equal(one, other, err_msg=f"{kind}.{name}")
    assert len(set(sheet.numbers("run", "param.a1"))) > 1


def test_unlike_neurons_do_not_become_twins() -> None:
    start = {"a1": 0.4, "a2": 0.41, "b1": 0.1, "b2": 0.1, "c1": 0.7, "c2": 0.7, "d": -0.2}
    sheet = calculated(experiment_of("Linear(1, 2), Linear(2, 1)", start=start))
    assert (sheet.numbers("run", "new.a1") != sheet.numbers("run", "new.a2")).all()


def test_a_silent_relu_has_gradient_0() -> None:
    # Silent for every row: a·x + b stays below 0 also where a or b is moved by h.
    start = {"a": 0.1, "b": -5.0, "c": 0.6, "d": 0.2}
    sheet = calculated(
        *(
            experiment_of(TWO_RELU, id=f"{gradient}-{difference}", start=start,
                          gradient=gradient, difference=difference)
            for gradient in ("numerical", "backprop")
            for difference in ("forward", "central")
        )
    )  # fmt: skip
    for name in sheet.found.experiments:
        assert (sheet.numbers(name, "relu1") == 0).all()
        for kind in ("grad", "grad_num"):
            assert (weights(sheet, name, kind)[:3] == 0).all()
            assert (weights(sheet, name, kind)[3] != 0).all()
        assert sheet.field(name, "dead_since.relu1") == 1


def test_derivative_of_relu_at_exactly_0_is_0() -> None:
    data = Dataset("one point", {"x": (1.0,)}, (3.0,))
    sheet = calculated(
        experiment_of("Linear(1, 1, no bias), ReLU", start={"a": 0.0}, data=data, epochs=1),
        data=data,
    )
    assert sheet.numbers("run", "lin1")[0] == 0
    assert sheet.numbers("run", "grad.a")[0] == 0


# Data and batches


@pytest.mark.parametrize("batch_columns", [None, True])
def test_one_row_of_data(batch_columns: bool | None) -> None:
    data = Dataset("one point", {"x": (2.0,)}, (5.0,))
    sheet = calculated(
        view_of(data=data, epochs=4, learning_rate=0.05, batch_columns=batch_columns),
        data=data,
    )
    assert sheet.cells("run", "row") == [1.0] * 4
    assert sheet.cells("run", "epoch") == sheet.cells("run", "step") == [1.0, 2.0, 3.0, 4.0]
    assert (np.diff(sheet.numbers("run", "loss")) < 0).all()
    assert sheet.field("run", "steps_per_epoch") == 1


@pytest.mark.parametrize("epochs", [1, 2, 5])
@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_number_of_epochs_and_steps(epochs: int, batch_size: int) -> None:
    rows = small_data().rows
    sheet = calculated(experiment_of(epochs=epochs, batch_size=batch_size))
    place = positions(rows * epochs, rows, batch_size)
    for quantity in ("step", "epoch", "row"):
        np.testing.assert_array_equal(sheet.numbers("run", quantity), place[quantity])
    steps = math.ceil(rows / batch_size)
    assert sheet.field("run", "last_epoch") == epochs
    assert sheet.field("run", "last_step") == epochs * steps
    assert sheet.field("run", "steps_per_epoch") == steps
    assert len(sheet.numbers("run", "mean_loss", "epochs")) == epochs


def test_a_batch_of_all_rows_steps_along_the_mean_gradient() -> None:
    data = small_data()
    rows, rate = data.rows, 0.05
    sheet = calculated(experiment_of(TWO, learning_rate=rate, batch_size=rows, epochs=3))
    before, gradient = weights(sheet, "run"), weights(sheet, "run", "grad_used")
    after = weights(sheet, "run", "new")
    for epoch in range(3):
        own = slice(epoch * rows, (epoch + 1) * rows)
        assert (before[:, own] == before[:, own][:, :1]).all()
        assert (after[:, own][:, :-1] == before[:, own][:, :-1]).all()
        expected = before[:, own][:, 0] - rate * gradient[:, own].mean(1)
        np.testing.assert_allclose(after[:, own][:, -1], expected, rtol=1e-13)


def test_the_last_batch_of_an_epoch_may_be_shorter() -> None:
    sheet = calculated(experiment_of(batch_size=2, epochs=2))
    assert sheet.cells("run", "batch_row") == [1.0, 2.0, 1.0, 2.0, 1.0] * 2
    assert sheet.cells("run", "batch_end") == [0.0, 1.0, 0.0, 1.0, 1.0] * 2
    gradient, mean = sheet.numbers("run", "grad_used.a"), sheet.numbers("run", "grad_mean.a")
    for first, last in ((0, 1), (2, 3), (4, 4), (5, 6), (7, 8), (9, 9)):
        assert mean[last] == pytest.approx(gradient[first : last + 1].mean(), rel=1e-14)


def test_a_batch_of_1_is_an_update_a_row() -> None:
    sheet = calculated(
        experiment_of(TWO, id="plain"), view_of(TWO, id="batches", batch_columns=True)
    )
    np.testing.assert_array_equal(weights(sheet, "plain", "new"), weights(sheet, "batches", "new"))


# Numerical derivatives


@pytest.mark.parametrize(("difference", "order"), [("forward", 1), ("central", 2)])
def test_error_of_a_numerical_derivative_shrinks_with_h(difference: str, order: int) -> None:
    """Half of h: half of the error for forward, a quarter for central."""
    sizes = (0.08, 0.04, 0.02)
    sheet = calculated(
        *(
            experiment_of(
                "Linear(1, 1), Tanh, Linear(1, 1)",
                id=f"h{i}",
                h=h,
                difference=difference,
                gradient="backprop",  # the same weights at every h
                epochs=1,
            )
            for i, h in enumerate(sizes)
        )
    )
    errors = []
    for i in range(len(sizes)):
        apart = weights(sheet, f"h{i}", "grad_num") - weights(sheet, f"h{i}", "grad")
        errors.append(np.abs(apart))
        assert (errors[-1][:2] > 1e-9).all()  # a and b go through tanh: never quite right
    for larger, smaller in pairwise(errors):
        np.testing.assert_allclose(larger[:2] / smaller[:2], 2**order, rtol=0.25)
    # The loss is a parabola in d: its forward difference is off by h, its central one by nothing.
    for h, error in zip(sizes, errors, strict=True):
        np.testing.assert_allclose(error[3], h if order == 1 else 0, rtol=1e-9, atol=1e-11)


# What makes no sense is refused


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": -0.1},
        {"learning_rate": math.nan},
        {"h": 0.0},
        {"batch_size": 0},
        {"epochs": 0},
        {"gradient": "magic"},
        {"difference": "backward"},
        {"start": {"z": 1.0}},
        {"start": {"a": math.inf}},
    ],
    ids=str,
)
def test_senseless_experiments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        experiment_of(**wrong)


@pytest.mark.parametrize(
    ("name", "hyper"),
    [("momentum", {"beta": 1.0}), ("momentum", {"beta": -0.1}), ("adam", {"eps": 0.0})],
    ids=str,
)
def test_senseless_hyperparameters_are_refused(name: str, hyper: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        replace(experiment_of(optimizer=name), hyper=hyper)


# The library as a user imports it


def test_functions_are_functions_whatever_was_imported_before() -> None:
    """No module may have the name of a function of the package: it would take its place."""
    code = (
        "import importlib, pkgutil, xlsgd\n"
        "for module in pkgutil.walk_packages(xlsgd.__path__, 'xlsgd.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "for name in xlsgd.__all__:\n"
        "    assert callable(getattr(xlsgd, name)), name\n"
    )
    package = Path(xlsgd.__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
