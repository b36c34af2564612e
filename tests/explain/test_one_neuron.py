"""One neuron: the limit is a number, and so is how far above it a run is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import experiment_of, small_data
from tests.explain.runs import ONE, explained, one, plain
from xlsgd.data import default_data
from xlsgd.explaining import explain_run
from xlsgd.tabs.view import View

LIMIT = 4.380593e-4


def last_good_step(mean_losses: list[float]) -> int:
    """Return the step by its definition, from 1."""
    good = [i for i, loss in enumerate(mean_losses[:-1]) if loss <= mean_losses[0]]
    return good[-1] + 1


@pytest.mark.parametrize(("rate", "epochs"), [(5e-4, 10), (1.02 * LIMIT, 6)])
def test_above_the_limit(rate: float, epochs: int) -> None:
    tab = explained(ONE, rate, epochs)
    assert tab.kind == "exploded"
    assert tab.limit.kind == "linear"
    assert tab.limit.value == pytest.approx(LIMIT, rel=5e-7)  # six digits
    assert tab.limit.times_above == pytest.approx(rate / LIMIT, rel=5e-7)
    assert tab.limit.growth is not None
    assert tab.limit.growth > 1
    # 2 · (x² + 1) is the curvature of a row.
    curvature = rate * 2 * (np.array(default_data().inputs["x"]) ** 2 + 1)
    assert tab.limit.overshooting_rows == (curvature > 1).sum()
    assert tab.limit.growing_rows == (curvature > 2).sum()
    run = plain(one, rate, epochs)
    assert tab.turn is not None
    assert tab.turn.step == last_good_step(run.mean_losses)
    row = tab.turn.rows[0] - 1
    assert tab.turn.lr_times_curvature == pytest.approx(curvature[row], rel=1e-9)
    words = " ".join(tab.sentences)
    assert "0.0004381" in words
    assert f"{rate / LIMIT:.3g} times that" in words


def test_a_run_that_comes_back_before_it_goes() -> None:
    tab = explained(ONE, 1.02 * LIMIT, 6)
    assert tab.turn is not None
    assert tab.verdict.startswith("exploded at step 13")
    assert tab.turn.step > 13
    assert any("It came back once more" in text for text in tab.sentences)


def test_below_the_limit() -> None:
    tab = explained(ONE, 1e-4)
    assert tab.kind == "converging slowly"
    assert tab.turn is None
    assert tab.limit.growth is not None
    assert tab.limit.growth < 1
    assert any("0.0001 is 23 % of it" in text for text in tab.sentences)


def test_all_rows_at_once() -> None:
    tab = explained(ONE, 4.2e-4, 60, 29)
    x = np.array(default_data().inputs["x"])
    hessian = 2 * np.array([[(x * x).mean(), x.mean()], [x.mean(), 1.0]])
    steepest = np.linalg.eigvalsh(hessian)[-1]
    assert tab.limit.value == pytest.approx(2 / steepest, rel=1e-9)
    assert tab.limit.growth == pytest.approx(4.2e-4 * steepest - 1, rel=1e-6)
    assert tab.kind == "exploded"
    assert tab.turn is not None
    assert tab.turn.step == 1  # it goes uphill from the very start
    assert tab.turn.rows == tuple(range(1, 30))
    assert 2 < tab.turn.lr_times_curvature <= 4.2e-4 * steepest
    assert any("all 29 rows of the data" in text for text in tab.sentences)


def test_batches_of_some_rows() -> None:
    data = small_data(5)
    experiment = experiment_of(ONE, learning_rate=0.9, batch_size=2, epochs=12)
    tab = explain_run(View(experiment), data)
    start = {p: experiment.start[p] for p in "ab"}
    run = plain(one, 0.9, 12, data=data, start=start, batch_size=2)
    assert tab.kind == "exploded"
    assert tab.turn is not None
    step = last_good_step(run.mean_losses)
    first = 2 * ((step - 1) % 3)
    assert tab.turn.step == step
    assert tab.turn.epoch == (step - 1) // 3 + 1
    assert tab.turn.rows == tuple(range(first + 1, min(first + 2, 5) + 1))
    assert tab.turn.step_over_slope == pytest.approx(1, rel=1e-9)


def test_momentum_is_told_apart_from_plain_descent() -> None:
    data = small_data(5)
    experiment = experiment_of(ONE, "momentum", learning_rate=1.2, epochs=30)
    tab = explain_run(View(experiment), data)
    start = {p: experiment.start[p] for p in "ab"}
    run = plain(one, 1.2, 30, data=data, start=start, beta=0.9)
    assert tab.kind == "exploded"
    assert tab.turn is not None
    assert tab.turn.step == last_good_step(run.mean_losses)
    before, after = run.weights[tab.turn.step - 1 : tab.turn.step + 1]
    slope = (after - before).norm() / (1.2 * tab.turn.step_over_slope)
    row = tab.turn.rows[0] - 1
    x, y = data.inputs["x"][row], data.y[row]
    off = 2 * (float(before[0]) * x + float(before[1]) - y)
    h = 0.01  # a forward difference sees h times half the curvature more
    exact = np.hypot(off * x + h * x * x, off + h)
    assert float(slope) == pytest.approx(exact, rel=1e-9)
    assert any("momentum goes by what it remembers" in text for text in tab.sentences)
    assert tab.limit.value is not None
    assert tab.limit.value < 1.2
