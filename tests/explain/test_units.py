"""Dead units, weights that stand still, and what a run without its ReLU shows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import experiment_of, small_data, view_of
from tests.explain.runs import ONE, RELU, TWO
from xlsgd.data import Dataset
from xlsgd.explaining import TabExplanation, explain_run
from xlsgd.explaining.ablation import ablated
from xlsgd.explaining.units import own_weights
from xlsgd.tabs.view import View
from xlsgd.training.nets import parse_network

X1_IS_0 = Dataset("x1 is 0", {"x1": (0.0, 0.0, 0.0), "x2": (1.0, 2.0, -1.0)}, (1.0, 2.0, 0.0))


def reasons(tab: TabExplanation) -> set[str]:
    assert tab.still is not None
    return set(tab.still.why.values())


def test_dead_from_the_start() -> None:
    start = {"a": 0.1, "b": -9.0, "c": 1.0, "d": 0.0}
    tab = explain_run(view_of(RELU, learning_rate=0.01, start=start), small_data())
    (dead,) = tab.dead
    assert (dead.since, dead.step, dead.rows, dead.curvature) == (1, 0, (), None)
    assert (dead.reached_before, dead.reached_at_end) == (0, 0)
    assert dead.weights_before == {} == dead.weights_after
    assert any("so at the start weights already" in text for text in tab.sentences)
    # No rate is to blame for that.
    assert tab.limit.breaks == "exploded"


def test_one_of_two_units() -> None:
    start = {"a1": 0.1, "a2": 0.5, "b1": -9.0, "b2": 3.0, "c1": 1.0, "c2": 0.5, "d": 0.0}
    network = "Linear(1, 2), ReLU, Linear(2, 1)"
    tab = explain_run(view_of(network, learning_rate=0.01, start=start), small_data())
    (dead,) = tab.dead
    assert dead.unit == "relu1"
    assert dead.still == ("a1", "b1", "c1")
    assert tab.twin is not None
    assert (tab.twin.silent, tab.twin.outputs) == (15, 30)
    assert tab.twin.all_alike is None


def test_a_dead_layer_holds_all_that_comes_before_it() -> None:
    network = "Linear(1, 1), Tanh, Linear(1, 1), ReLU, Linear(1, 1)"
    start = {"a": 0.5, "b": 0.1, "c": 0.3, "d": -9.0, "e": 1.0, "f": 0.0}
    tab = explain_run(view_of(network, learning_rate=0.01, start=start), small_data())
    assert tab.dead[0].still == ("a", "b", "c", "d", "e")
    assert tab.still is None


def test_own_weights_are_those_of_the_layer_before() -> None:
    network = parse_network("Linear(3, 2, no bias), ReLU, Sum", 3)
    assert own_weights(network, "relu2") == ("a2_1", "a2_2", "a2_3")
    assert own_weights(parse_network("Linear(1, 2), ReLU, Sum"), "relu1") == ("a1", "b1")


@pytest.mark.parametrize(
    ("network", "start", "data", "expected"),
    [
        (
            TWO,
            {},
            None,
            {
                "what a makes is multiplied by c, which is 0",
                "what b makes is multiplied by c, which is 0",
                "c is multiplied by lin1, which is 0 in every row",
            },
        ),
        ("Linear(2, 1)", {"a2": 1.0}, X1_IS_0, {"a1 is multiplied by x1, which is 0 in every row"}),
        (
            "Linear(1, 1), Tanh, Linear(1, 1)",
            {"b": 1e4, "c": 1.0},
            None,
            {f"tanh1, behind {p}, is so far out that its slope is 0 in every row" for p in "ab"},
        ),
    ],
    ids=["all weights 0", "an input of 0", "a tanh far out"],
)
def test_why_weights_stand_still(
    network: str, start: dict[str, float], data: Dataset | None, expected: set[str]
) -> None:
    data = data or small_data()
    options = {"learning_rate": 0.01, "gradient": "backprop", "data": data, "start": start}
    tab = explain_run(view_of(network, **options), data)
    assert reasons(tab) == expected
    assert all(any(why[1:] in text for text in tab.sentences) for why in expected)


def test_a_weight_whose_input_is_only_there_where_the_unit_is_0() -> None:
    data = Dataset(
        "x1 only where x2 is far below",
        {"x1": (0.0, 0.0, 1.0), "x2": (1.0, 2.0, -9.0)},
        (1.0, 2.0, 0.0),
    )
    start = {"a1": 0.5, "a2": 0.5, "b": 0.1, "c": 1.0, "d": 0.0}
    options = {"learning_rate": 0.01, "gradient": "backprop", "data": data, "start": start}
    tab = explain_run(view_of("Linear(2, 1), ReLU, Linear(1, 1)", **options), data)
    assert tab.dead == ()
    assert reasons(tab) == {
        "a1 is multiplied by x1, and in the 1 of 3 rows where that is not 0, relu1 is 0"
    }


def test_a_tiny_h_is_frozen_from_the_start_and_backprop_helps() -> None:
    tab = explain_run(view_of(ONE, learning_rate=0.01, h=1e-17, epochs=4), small_data())
    assert tab.kind == "frozen"
    frozen = tab.frozen
    assert frozen is not None
    assert (frozen.since, frozen.lost, frozen.h) == (1, ("a", "b"), 1e-17)
    assert frozen.value == 0.9
    assert frozen.spacing == np.spacing(0.9)
    assert frozen.backprop_rmse is not None
    assert frozen.backprop_rmse < tab.rmse
    assert tab.suggestion is None  # no rate helps


def test_a_change_may_be_lost_in_the_loss_alone() -> None:
    # 0.01 is lost beside 2e14. Beside 3e13 it is not, but there x makes next to nothing of it.
    start = {"a": 3e13, "b": 2e14}
    assert start["a"] + 0.01 != start["a"]
    assert start["b"] + 0.01 == start["b"]
    data = Dataset("one point", {"x": (1e-9,)}, (0.0,))
    tab = explain_run(view_of(ONE, data=data, start=start, learning_rate=1e-30), data)
    assert tab.frozen is not None
    assert (tab.frozen.weight, tab.frozen.lost, tab.frozen.lost_in_loss) == ("b", ("b",), ("a",))
    assert any("Beside a it is not, but the loss is 4e+28" in text for text in tab.sentences)


def test_the_twin_keeps_the_names_of_the_weights() -> None:
    experiment = experiment_of("Linear(1, 2), ReLU, Linear(2, 1), ReLU", learning_rate=0.01)
    shown = ablated(View(experiment))
    assert shown is not None
    twin = shown.experiment
    assert str(twin.network) == "Linear(1, 2), Linear(2, 1)"
    assert twin.network.parameters == experiment.network.parameters
    assert ablated(view_of(ONE)) is None


def test_a_twin_that_is_linear_has_a_limit_of_its_own() -> None:
    experiment = experiment_of("Linear(1, 2, no bias), ReLU, Sum", learning_rate=0.05, epochs=4)
    tab = explain_run(View(experiment), small_data())
    assert tab.twin is not None
    alone = explain_run(view_of("Linear(1, 2, no bias), Sum"), small_data())
    assert tab.twin.limit == alone.limit.value is not None
    assert any("Without it the network is linear" in text for text in tab.sentences)
