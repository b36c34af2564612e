"""The two neurons: what explodes, what freezes, what dies, and what the ReLU has to do with it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.explain.runs import RELU, TWO, explained, known, two, two_relu
from xlsgd.data import default_data
from xlsgd.explaining.findings import TabExplanation

X, Y = default_data().inputs["x"], default_data().y


def said(tab: TabExplanation, *words: str) -> bool:
    """Assert that one of the sentences has all the words."""
    assert any(all(word in text for word in words) for text in tab.sentences), (
        words,
        tab.sentences,
    )
    return True


def curvature_by_hand(weights: torch.Tensor, row: int) -> float:
    """Return the curvature of a row's loss along its slope, by torch's own Hessian."""

    def loss(w: torch.Tensor) -> torch.Tensor:
        return (w[2] * (w[0] * X[row] + w[1]) + w[3] - Y[row]) ** 2

    slope = torch.autograd.functional.jacobian(loss, weights)
    hessian = torch.autograd.functional.hessian(loss, weights)
    return float(slope @ hessian @ slope / (slope @ slope))


def test_where_it_explodes() -> None:
    tab = explained(TWO, 1e-4)
    assert tab.verdict == "exploded at step 26; numerical derivative frozen since step 29"
    assert tab.kind == "exploded"
    assert said(tab, "In step 26", "1e+06")


def test_where_it_turned() -> None:
    run = known(two, 1e-4)
    start = run.mean_losses[0]
    step = max(i for i, loss in enumerate(run.mean_losses[:-1]) if loss <= start) + 1
    tab = explained(TWO, 1e-4)
    turn = tab.turn
    assert turn is not None
    assert (turn.step, turn.epoch, turn.rows) == (step, 1, (24,)) == (24, 1, (24,))
    assert turn.mean_loss_before == pytest.approx(run.mean_losses[23], rel=1e-9)
    assert turn.mean_loss_after == pytest.approx(run.mean_losses[24], rel=1e-9)
    assert turn.batch_loss_before == pytest.approx(run.losses[23], rel=1e-9)
    assert turn.batch_loss_after > turn.batch_loss_before
    bent = curvature_by_hand(run.weights[23], row=23)
    assert turn.curvature == pytest.approx(bent, rel=1e-9)
    assert turn.lr_times_curvature == pytest.approx(1e-4 * bent, rel=1e-9)
    assert turn.lr_times_curvature > 2
    assert turn.step_over_slope == pytest.approx(1, rel=1e-9)
    assert said(tab, "turned in step 24", "row 24 of the data", "x = 64", "y = 158")


def test_why_it_freezes() -> None:
    tab = explained(TWO, 1e-4)
    frozen = tab.frozen
    assert frozen is not None
    weights = known(two, 1e-4).weights[28]
    assert frozen.since == 29
    assert frozen.spacing == 1.0 == np.spacing(7.4e15)
    assert frozen.weight == "c"
    assert frozen.value == pytest.approx(float(weights[2]), rel=1e-6)
    assert frozen.value + frozen.h == frozen.value
    assert set(frozen.lost) == {p for p, w in zip("abcd", weights, strict=True) if w + 0.01 == w}
    assert set(frozen.lost_in_loss) == set("abcd") - set(frozen.lost)
    assert abs(frozen.backprop) > 1e49
    # backprop takes the freeze away, and not the explosion
    assert frozen.backprop_verdict is not None
    assert frozen.backprop_verdict.startswith("exploded at step")
    assert "frozen" not in frozen.backprop_verdict
    assert said(tab, "lie 1 apart there", "c + 0.01 is c")
    assert said(tab, "gradient set to backprop", "no cure", "The learning rate cures it")


def test_the_limit_is_found_by_trying() -> None:
    limit = explained(TWO, 1e-4).limit
    assert limit.kind == "tried"
    assert limit.breaks == "exploded"
    assert limit.value is not None
    assert limit.times_above == 1e-4 / limit.value > 1
    assert "not linear in its weights" in limit.why
    above = known(two, limit.value).losses
    assert max(above) > 1e6
    assert math.isnan(last := sum(above[-29:]) / 29) or last > 1e6
    # far below nothing of the kind: not at any of these rates
    for rate in np.linspace(limit.value / 1.6, limit.value * 0.995, 4):
        assert max(known(two, float(rate)).losses) <= 1e6
    assert limit.sharpness is not None
    assert limit.local_limit == 2 / limit.sharpness
    assert limit.local_step == 24

    def mean_loss(w: torch.Tensor) -> torch.Tensor:
        return ((two(w, torch.tensor(X)) - torch.tensor(Y, dtype=torch.float64)) ** 2).mean()

    hessian = torch.autograd.functional.hessian(mean_loss, known(two, 1e-4).weights[23])
    assert limit.sharpness == pytest.approx(float(torch.linalg.eigvalsh(hessian).max()), rel=1e-6)


def test_which_step_killed_the_unit() -> None:
    tab = explained(RELU, 1e-4)
    (dead,) = tab.dead
    assert (dead.unit, dead.since, dead.step, dead.rows) == ("relu1", 26, 25, (25,))
    assert (dead.reached_before, dead.reached_after, dead.reached_at_end) == (29, 0, 0)
    assert dead.rows_of_data == 29
    assert dead.still == ("a", "b", "c")
    run = known(two_relu, 1e-4)
    for name, i in (("a", 0), ("b", 1)):
        assert dead.weights_before[name] == pytest.approx(float(run.weights[24][i]), rel=1e-9)
        assert dead.weights_after[name] == pytest.approx(float(run.weights[25][i]), rel=1e-9)
    bent = curvature_by_hand(run.weights[24], row=24)  # the ReLU lets that row through
    assert dead.lr_times_curvature == pytest.approx(1e-4 * bent, rel=1e-9)
    assert tab.still is None  # it is all because of the unit
    assert said(tab, "relu1 is dead since step 26", "Step 25", "x = 99")
    assert said(tab, "a, b and c stand still, 3 of 4 weights")


def test_what_the_relu_did() -> None:
    tab = explained(RELU, 1e-4)
    twin = tab.twin
    assert twin is not None
    assert twin.network == TWO
    assert twin.verdict == explained(TWO, 1e-4).verdict
    assert twin.first_difference == 26
    assert not twin.equal
    with_relu, without = known(two_relu, 1e-4), known(two, 1e-4)
    assert with_relu.losses[:25] == without.losses[:25]
    assert with_relu.losses[25] != without.losses[25]
    assert tab.rmse == pytest.approx(with_relu.rmse, rel=1e-9)
    # What is left is one number for all rows.
    assert twin.all_alike == pytest.approx(float(with_relu.weights[-1][3]), rel=1e-9)
    assert round(tab.mean_rmse, 1) == 54.6 == round(float(np.std(Y)), 1)
    assert said(tab, "exploded at step 26", "Up to step 25 all losses are the same")
    assert said(tab, "does not explode", "relu1 is dead", "3 of 4 weights stand still")
    assert said(tab, "whatever the inputs", "54.62, the standard deviation of y")


def test_it_is_the_rate_and_not_the_relu() -> None:
    at = explained(RELU, 1e-4).twin.at_suggestion  # type: ignore[union-attr]
    assert at is not None
    assert at.equal
    assert at.losses == 290
    assert at.rmse_with == at.rmse_without
    losses = [known(predict, at.learning_rate).losses for predict in (two, two_relu)]
    assert losses[0] == losses[1]


def test_at_a_tenth_of_the_rate_the_relu_changes_nothing() -> None:
    tab = explained(RELU, 1e-5)
    assert tab.twin is not None
    assert tab.twin.equal
    assert (tab.twin.losses, tab.twin.silent, tab.twin.first_difference) == (290, 0, None)
    assert known(two, 1e-5).losses == known(two_relu, 1e-5).losses
    assert said(tab, "all 290 losses are equal", "changes nothing here", "never gave 0")


def test_a_network_without_relu_has_no_twin() -> None:
    tab = explained(TWO, 1e-4)
    assert tab.twin is None
    assert tab.dead == ()
    assert not any("ReLU" in text for text in tab.sentences)


def test_a_rate_at_which_it_breaks_down_in_the_seventh_epoch() -> None:
    tab = explained(TWO, 7e-5)
    run = known(two, 7e-5)
    assert tab.kind == "exploded"
    assert tab.turn is not None
    good = [i for i, loss in enumerate(run.mean_losses[:-1]) if loss <= run.mean_losses[0]]
    assert tab.turn.step == good[-1] + 1
    assert tab.turn.epoch == 6
    assert tab.turn.lr_times_curvature > 2
    assert tab.limit.value is not None
    assert tab.limit.value <= 7e-5
