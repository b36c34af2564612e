"""Many runs at once where groups of weights have rates of their own: each as its tab shows it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import experiment_of, small_data
from tests.sweep.one_by_one import assert_same_run, panels
from xlsgd.base.errors import SpecError
from xlsgd.sweeping.axes import axis_names, changed, check_axes, parse_axis, rates_of
from xlsgd.sweeping.words import axis_label
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side.many_runs import train_many
from xlsgd.torch_side.stability.border import verdicts_at
from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import ParamGroup
from xlsgd.training.schedules import get_schedule
from xlsgd.training.transforms import transforms
from xlsgd.verdict import judge

NET = "Linear(1, 1), Tanh, Linear(1, 1)"
DECAY = (transforms()["weight-decay"],)
RATES = (0.0003, 0.02, 0.6)


def grouped(optimizer: str, schedule: str = "constant", **more: object) -> Experiment:
    written = get_schedule(schedule)
    hyper = {"learning_rate.head": 0.01, "weight_decay": 0.1, "weight_decay.head": 0.0}
    hyper |= {"rate_every": 1.0, **written.lasting(6)}
    return experiment_of(
        NET, optimizer, learning_rate=0.05, epochs=2, batch_size=2, gradient="backprop",
        transforms=DECAY, schedule=written, hyper=hyper,
        param_groups=(ParamGroup("head", ("c", "d"), ("learning_rate", "weight_decay")),), **more,
    )  # fmt: skip


CASES = {
    "sgd": grouped("sgd"),
    "adam, in steps, a fixed weight": grouped("adam", "exponential", frozen=("a",)),
    "momentum that moves": grouped("momentum-classic", "one-cycle"),
    "rates that do not scale": grouped("nesterov", "learning_rate+0.001*count"),
    "rprop, that finds its own": grouped("rprop"),
}


@pytest.mark.every
@pytest.mark.parametrize("layout", ["rows", "blocks"])
@pytest.mark.parametrize("what", CASES)
def test_each_run_is_the_one_on_its_tab(what: str, layout: str) -> None:
    experiment, data = CASES[what], small_data()
    axis = {"learning_rate.head": np.array(RATES)}
    view = View(experiment, layout=layout)
    summary = train_many(
        experiment, data, rates_of(experiment, axis, len(RATES)), {},
        watched=get_layout(layout).watched_weight(view),
    )  # fmt: skip
    for run, rate in enumerate(RATES):
        there = View(changed(experiment, {"learning_rate.head": rate}), layout=layout)
        assert_same_run(summary, run, panels(there, data))


@pytest.mark.parametrize("what", ["sgd", "adam, in steps, a fixed weight"])
def test_at_other_rates_groups_keep_their_share(what: str) -> None:
    experiment, data = CASES[what], small_data()
    found = verdicts_at(experiment, data, None, np.array(RATES))
    for run, rate in enumerate(RATES):
        at = experiment.at_rate(rate)
        assert at.rate_of("c") == pytest.approx(rate / 5)
        own = rates_of(at, {}, 1)
        alone = judge(train_many(at, data, own, {}))
        assert alone.text(0) == found.text(run)
        assert alone.numbers["last_loss"][0] == pytest.approx(found.numbers["last_loss"][run])


def test_names_of_axes() -> None:
    names = axis_names(CASES["sgd"])
    assert {"learning_rate", "learning_rate.head", "weight_decay.head"} <= {*names}
    assert "learning_rate.2" not in names  # a layer's: its weights have a rate of their own
    axis = parse_axis("lr.head", CASES["sgd"])
    assert (axis.low, axis.high, axis_label(axis)) == (1e-4, 1.0, "learning rate of head")
    check_axes([axis, parse_axis("lr", CASES["sgd"])], CASES["sgd"])
    with pytest.raises(SpecError, match="nothing of 'run' that can be varied has that name"):
        parse_axis("lr.2", CASES["sgd"])
