"""A suggested learning rate has been tried: its numbers are those of a run, and they are better."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from tests.builders import experiment_of, small_data, view_of
from tests.explain.runs import ONE, RELU, TWO, Predict, explained, known, one, plain, two, two_relu
from xlsgd.data import Dataset
from xlsgd.explaining import TabExplanation, explain_run
from xlsgd.explaining.rates import try_rates
from xlsgd.tabs.view import View

LINE = Dataset("three points on a line", {"x": (1.0, 2.0, -1.0)}, (3.0, 5.0, -1.0))


def improves(tab: TabExplanation) -> bool:
    """Assert that a suggestion takes away more than a twentieth of the error, and says so."""
    found = tab.suggestion
    assert found is not None
    assert found.learning_rate == float(f"{found.learning_rate:.1e}")
    assert found.mean_loss == pytest.approx(found.rmse**2)
    reached = math.sqrt(tab.start_loss)
    if tab.kind != "exploded":
        reached = min(reached, tab.rmse)
    assert found.rmse < 0.95 * reached
    assert any(
        "Tried in torch" in text and f"learning_rate {found.learning_rate:.4g}" in text
        for text in tab.sentences
    )
    return True


@pytest.mark.parametrize(
    ("network", "predict", "rate", "epochs"),
    [
        (ONE, one, 1e-4, 10),
        (ONE, one, 5e-4, 10),
        (TWO, two, 1e-4, 10),
        (RELU, two_relu, 1e-4, 10),
    ],
)
def test_of_plain_descent(network: str, predict: Predict, rate: float, epochs: int) -> None:
    tab = explained(network, rate, epochs)
    assert improves(tab)
    assert tab.suggestion is not None
    assert tab.suggestion.learning_rate < rate
    assert tab.suggestion.epochs == epochs
    run = known(predict, tab.suggestion.learning_rate, epochs)
    assert tab.suggestion.rmse == pytest.approx(run.rmse, rel=1e-8)


@pytest.mark.parametrize("network", [ONE, TWO])
def test_of_a_rate_that_is_too_small(network: str) -> None:
    experiment = experiment_of(network, learning_rate=1e-9, epochs=5)
    tab = explain_run(View(experiment), small_data())
    assert improves(tab)
    assert tab.suggestion is not None
    assert tab.suggestion.learning_rate > 1e-3
    predict = one if network == ONE else two
    run = plain(predict, tab.suggestion.learning_rate, 5, data=small_data(), start=experiment.start)
    assert tab.suggestion.rmse == pytest.approx(run.rmse, rel=1e-8)


@pytest.mark.parametrize(
    ("options", "plainly"),
    [
        ({"batch_size": 2}, {"batch_size": 2}),
        ({"batch_size": 5}, {"batch_size": 5}),
        ({"gradient": "backprop"}, {"h": None}),
        ({"optimizer": "momentum"}, {"beta": 0.9}),
        ({"h": 0.1}, {"h": 0.1}),
    ],
    ids=str,
)
def test_keeps_everything_but_the_rate(options: dict[str, Any], plainly: dict[str, Any]) -> None:
    experiment = experiment_of(ONE, learning_rate=6.0, epochs=12, **options)
    tab = explain_run(View(experiment), small_data())
    assert tab.kind == "exploded"
    assert improves(tab)
    assert tab.suggestion is not None
    assert tab.suggestion.learning_rate < 6
    rate = tab.suggestion.learning_rate
    run = plain(one, rate, 12, data=small_data(), start=experiment.start, **plainly)
    assert tab.suggestion.rmse == pytest.approx(run.rmse, rel=1e-8)


def test_of_adam() -> None:
    data = small_data()
    experiment = experiment_of(ONE, "adam", learning_rate=1e-3, epochs=6, gradient="backprop")
    tab = explain_run(View(experiment), data)
    assert improves(tab)
    assert tab.suggestion is not None
    w = torch.tensor([experiment.start[p] for p in "ab"], dtype=torch.float64, requires_grad=True)
    hyper = experiment.hyperparameter
    adam = torch.optim.Adam(
        [w], tab.suggestion.learning_rate, (hyper("beta1"), hyper("beta2")), hyper("eps")
    )
    losses = []
    for _ in range(6):
        for x, y in zip(data.inputs["x"], data.y, strict=True):
            adam.zero_grad()
            loss = (w[0] * x + w[1] - y) ** 2
            losses.append(loss.item())
            loss.backward()
            adam.step()
    assert tab.suggestion.rmse == pytest.approx(math.sqrt(sum(losses[-5:]) / 5), rel=1e-8)


def test_is_the_largest_of_those_that_are_about_as_good_as_the_best() -> None:
    tab = explained(TWO, 1e-4)
    assert tab.suggestion is not None
    assert tab.suggestion.tried == tab.tried >= 60
    own = tab.suggestion.learning_rate
    for factor in (0.125, 0.25, 0.5):  # smaller ones are hardly better
        assert known(two, own * factor).rmse ** 2 > tab.suggestion.mean_loss / 1.05
    for factor in (2, 4):  # larger ones are worse by more than that
        assert known(two, own * factor).rmse > tab.suggestion.rmse
    assert sum(tab.tried_from <= rate < 1e-4 for rate in (1e-7, 1e-6, 1e-5)) == 3


def test_runs_tried_together_are_those_tried_alone() -> None:
    experiment = experiment_of(TWO, learning_rate=1.0, epochs=4)
    rates = torch.logspace(-3, 0, 7).double().numpy()
    tried = try_rates(View(experiment), small_data(), rates)
    for rate, kind, loss in zip(tried.rates, tried.kinds, tried.mean_loss, strict=True):
        run = plain(two, float(rate), 4, data=small_data(), start=experiment.start)
        if kind != "exploded":
            assert math.sqrt(loss) == pytest.approx(run.rmse, rel=1e-8)
        else:
            assert max(run.losses) > 100


@pytest.mark.parametrize(
    "experiment",
    [
        experiment_of(ONE, data=LINE, start={"a": 2.0, "b": 1.0}, gradient="backprop"),
        experiment_of(ONE, data=LINE, start={"a": 2.0, "b": 1.0}, learning_rate=40.0),
        experiment_of(ONE, data=LINE, start={"a": 1e200, "b": 1.0}),
        experiment_of(TWO, data=LINE, start={}),
        experiment_of(ONE, data=LINE, learning_rate=0.1, epochs=60, gradient="backprop"),
    ],
    ids=["nothing to find", "leaves the solution", "no number", "all weights 0", "converged"],
)
def test_nothing_is_suggested_where_nothing_helps(experiment: Any) -> None:
    tab = explain_run(View(experiment), LINE)
    assert tab.suggestion is None
    assert any("none does so much better" in text for text in tab.sentences)


def test_rates_that_are_absurd_are_no_end_to_the_search() -> None:
    for rate in (1e25, 1e-25):
        experiment = experiment_of(TWO, learning_rate=rate, epochs=5)
        tab = explain_run(View(experiment), small_data())
        assert improves(tab)
        assert tab.suggestion is not None
        assert 1e-3 < tab.suggestion.learning_rate < 1


FIVE = Dataset(
    "five points on y = 2x + 1", {"x": (1.0, 2.0, 3.0, 4.0, 5.0)}, (3.0, 5.0, 7.0, 9.0, 11.0)
)
STANDARD_DEVIATION = math.sqrt(8)  # of 3, 5, 7, 9, 11: what always saying 7 leaves


@pytest.mark.parametrize(
    ("rate", "epochs", "start", "helped"),
    [
        (0.05, 2, (1, 1, 1, 1), True),  # died on the way: a smaller rate keeps it alive
        (0.1, 3, (1, 1, 1, 1), True),
        (0.05, 1, (-2, -1, 5, 60), False),  # dead from the start, and far off
        (0.05, 2, (-2, -1, 5, 60), False),
        (0.1, 3, (-1, -1, 1, 0), False),
        (0.3, 2, (-1, -1, 1, 0), False),
    ],
)
def test_of_a_dead_relu_is_better_than_the_mean(
    rate: float, epochs: int, start: tuple[float, ...], helped: bool
) -> None:
    weights = dict(zip("abcd", map(float, start), strict=True))
    settings: dict[str, Any] = {"data": FIVE, "start": weights, "epochs": epochs}
    tab = explain_run(view_of(RELU, learning_rate=rate, **settings), FIVE)
    assert tab.dead
    if not helped:
        assert tab.suggestion is None
        assert "RMSE 2.828. Try other start weights" in tab.sentences[-1]
        return
    assert tab.suggestion is not None
    assert tab.suggestion.rmse < STANDARD_DEVIATION
    # Trained here once more, by plain torch, from the start to the end.
    w = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in weights.values()]
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (FIVE.inputs["x"], FIVE.y))
    for i in range(epochs * 5):
        a, b, c, d = w
        loss = (c * torch.relu(a * x[i % 5] + b) + d - y[i % 5]).square()
        slopes = torch.autograd.grad(loss, w)
        with torch.no_grad():
            for weight, slope in zip(w, slopes, strict=True):
                weight -= tab.suggestion.learning_rate * slope
    end = (w[2] * torch.relu(w[0] * x + w[1]) + w[3] - y).square().mean().sqrt()
    assert end.item() < STANDARD_DEVIATION


@pytest.mark.parametrize("missing", [5.0, 0.0])
def test_a_level_loss_with_much_left_is_slow_and_one_with_nothing_left_is_done(
    missing: float,
) -> None:
    """Two inputs of unlike size, uncorrelated: the loss bends by 2·1000² and 2·1² and nothing else.

    Along the gentle direction a step of rate r leaves 1 − 2r of what is missing.
    """
    x1, x2 = (1000.0, 1000.0, -1000.0, -1000.0), (1.0, -1.0, 1.0, -1.0)
    noise = (0.1, -0.1, -0.1, 0.1)
    y = tuple(p / 100 + 5 * q + e for p, q, e in zip(x1, x2, noise, strict=True))
    data = Dataset("a long bowl", {"x1": x1, "x2": x2}, y)
    experiment = experiment_of(
        "Linear(2, 1, bias=False)",
        data=data,
        learning_rate=4e-7,
        start={"a1": 0.0, "a2": 5.0 - missing},
        epochs=30,
        batch_size=4,
        gradient="backprop",
    )
    tab = explain_run(View(experiment), data)
    assert tab.kind == "converged"
    if not missing:
        assert tab.crawl is None
        assert any(text.startswith("It has settled") for text in tab.sentences)
        return
    assert tab.crawl is not None
    assert (tab.crawl.bend, tab.crawl.steepest) == pytest.approx((2, 2e6))
    assert tab.crawl.steps == pytest.approx(1 / (2 * 4e-7))
    assert tab.crawl.slope == pytest.approx(2 * 5 * (1 - 2 * 4e-7) ** 30, rel=1e-6)
    assert tab.crawl.least == pytest.approx(0.01)
    assert "1,250,000 steps" in " ".join(tab.sentences)
