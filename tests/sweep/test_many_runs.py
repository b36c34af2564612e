"""Many runs at once are the runs that the tabs show, whatever is trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings

from tests.builders import experiment_of, small_data
from tests.strategies import cases
from tests.sweep.one_by_one import assert_same_run, panels
from tests.two_sides import some_layer
from xlsgd.data import Dataset, default_data
from xlsgd.lessons import Options, get_plan
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side.many_runs import train_many
from xlsgd.torch_side.rates import NotScalingError
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets import Layer, layer_types
from xlsgd.training.nets.linear import Linear
from xlsgd.training.optimizers import optimizers
from xlsgd.training.schedules import schedules
from xlsgd.verdict import Summary, judge

SETTINGS = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def at_rates(view: View, data: Dataset, rates: list[float]) -> Summary:
    experiment = view.experiment
    return train_many(
        experiment,
        data,
        dict.fromkeys(experiment.network.parameters, np.array(rates)),
        {},
        watched=get_layout(view.layout).watched_weight(view),
    )


def compare(experiment: Experiment | View, data: Dataset, rates: list[float]) -> list[str]:
    """Compare runs at some rates with tabs at these rates, and return the verdicts."""
    view = experiment if isinstance(experiment, View) else View(experiment)
    summary = at_rates(view, data, rates)
    for run, rate in enumerate(rates):
        one = panels(view.but(learning_rate=rate), data)
        assert_same_run(summary, run, one)
    return [judge(summary).text(run) for run in range(len(rates))]


# Random experiments: networks, batches, derivatives and optimizers of every kind


@SETTINGS
@given(cases())
def test_random_experiments_row_by_row(case: tuple[Experiment, Dataset]) -> None:
    experiment, data = case
    assume(not experiment.schedule.follows_losses)
    rate = experiment.learning_rate
    compare(experiment, data, [rate, 10 * rate, rate / 3])


@SETTINGS
@given(cases())
def test_random_experiments_in_blocks(case: tuple[Experiment, Dataset]) -> None:
    experiment, data = case
    assume(not experiment.schedule.follows_losses)
    rate = experiment.learning_rate
    blocks = View(replace(experiment, gradient="backprop"), layout="blocks")
    compare(blocks, data, [rate, 10 * rate, rate / 3])


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", optimizers())
@pytest.mark.parametrize(
    ("gradient", "batch_size"), [("numerical", 1), ("backprop", 3), ("backprop", 29)]
)
def test_every_optimizer(optimizer: str, gradient: str, batch_size: int) -> None:
    """On the default points, at rates on both sides of what it can take."""
    data = default_data()
    (experiment,) = get_plan("graddesc").build(
        Options(optimizers=(optimizer,), gradient=gradient, epochs=4, batch_size=batch_size)
    ).experiments  # fmt: skip
    rate = experiment.learning_rate
    verdicts = compare(experiment, data, [rate, 7 * rate, 50 * rate, 3000 * rate])
    if optimizer == "sgd":
        assert not verdicts[0].startswith("exploded")
        assert verdicts[-1].startswith("exploded")


OWN_RATES = [name for name, each in optimizers().items() if each.own_rates]


@pytest.mark.parametrize("optimizer", OWN_RATES)
def test_layers_with_rates_apart_need_steps_that_scale(optimizer: str) -> None:
    assert OWN_RATES
    view = two_neurons("two", optimizer=optimizers()[optimizer], epochs=2)
    rates = {p: np.array([0.01, 0.02]) for p in "ab"} | {p: np.array([0.01, 0.03]) for p in "cd"}
    with pytest.raises(
        NotScalingError, match=f"the step of {optimizer} is not learning_rate times"
    ):
        train_many(view.experiment, default_data(), rates, {})


@pytest.mark.parametrize("optimizer", [*OWN_RATES, "sgd"])
def test_start_values_and_hyperparameters_of_steps_that_do_not_scale(optimizer: str) -> None:
    """Rates, starts and hyperparameters at once; for sgd it is the schedule that does not scale."""
    key, values = {
        "rprop": ("etaplus", [1.1, 1.1, 1.9, 1.9]),
        "asgd": ("t0", [1.0, 1.0, 9.0, 9.0]),
        "sgd": ("eta_min", [0.0, 0.0, 2e-3, 2e-3]),
    }[optimizer]
    schedule = schedules()["cosine" if optimizer == "sgd" else "constant"]
    data = small_data(4)
    view = View(
        experiment_of("Linear(1, 1)", data=data, optimizer=optimizer, schedule=schedule, epochs=3)
    )
    rates, starts = [0.01, 0.05, 0.01, 0.05], [0.5, -1.0, 2.0, 0.1]
    summary = train_many(
        view.experiment,
        data,
        dict.fromkeys(view.experiment.network.parameters, np.array(rates)),
        {"a": np.array(starts)},
        {key: np.array(values)},
        watched=get_layout(view.layout).watched_weight(view),
    )
    for run, (rate, start, value) in enumerate(zip(rates, starts, values, strict=True)):
        alone = view.but(
            learning_rate=rate,
            start={**view.experiment.start, "a": start},
            hyper={**view.experiment.hyper, key: value},
        )
        assert_same_run(summary, run, panels(alone, data))


# Runs in which things go wrong


def two_neurons(tab: str, **options: object) -> View:
    return get_plan("two-neuron").build(Options()).view(tab).but(**options)


@pytest.mark.sampled
@pytest.mark.parametrize("difference", ["forward", "central"])
@pytest.mark.parametrize("batch_size", [1, 5])
def test_frozen_derivatives(difference: str, batch_size: int) -> None:
    experiment = two_neurons("two", difference=difference, batch_size=batch_size)
    verdicts = compare(experiment, default_data(), [1e-5, 7e-5, 9e-5, 1e-4, 2e-4, 1e-3])
    assert any("frozen" in text for text in verdicts)
    assert not all("frozen" in text for text in verdicts)


def test_a_run_that_freezes_goes_on_as_it_was() -> None:
    """What repeats itself is not computed again; the numbers must be those of the last epoch."""
    data, long = default_data(), two_neurons("two", epochs=12)
    rates = [1e-5, 1e-4, 2e-4, 3e-4]
    verdicts = compare(long, data, rates)
    assert sum("frozen" in text for text in verdicts) == 3
    summary = at_rates(long, data, rates)
    np.testing.assert_array_equal(summary.mean_loss[1:, -1], summary.mean_loss[1:, -2])
    alone = at_rates(long, data, rates[:1])
    np.testing.assert_array_equal(summary.mean_loss[0], alone.mean_loss[0])


def test_frozen_derivatives_seen_beside_backprop() -> None:
    experiment = two_neurons("two", gradient="backprop", h=1e-12)
    compare(experiment, default_data(), [1e-5, 6e-5, 1e-4, 2e-4])


def test_dead_units() -> None:
    verdicts = compare(two_neurons("two-relu"), default_data(), [1e-5, 6e-5, 1e-4, 1e-3])
    assert ["dead" in text for text in verdicts] == [False, False, True, True]


def test_learning_rate_0_changes_nothing() -> None:
    (text,) = compare(experiment_of(epochs=3), small_data(), [0.0])
    assert text == "standing still"


def test_the_lesson_with_passengers() -> None:
    plan = get_plan("titanic")
    lesson = plan.build(Options(epochs=4, data=plan.make_data(40, None, None)))
    for experiment in lesson.experiments:
        compare(experiment, lesson.data, [0.02, 0.3, 3.0])


# What differs from run to run


def test_start_values_and_memory() -> None:
    data = small_data()
    experiment = experiment_of("Linear(1, 2), Tanh, Linear(2, 1)", "momentum", epochs=3)
    starts = {"a1": np.array([0.3, -1.0, 2.0]), "velocity.b1": np.array([0.0, 4.0, -1.0])}
    rates = dict.fromkeys(experiment.network.parameters, np.full(3, 0.05))
    summary = train_many(experiment, data, rates, starts)
    for run in range(3):
        own = {name: float(values[run]) for name, values in starts.items()}
        one = replace(experiment, start={**experiment.start, **own})
        assert_same_run(summary, run, panels(View(one), data))


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "rmsprop", "adam"])
def test_hyperparameters(optimizer: str) -> None:
    data, experiment = small_data(), experiment_of(optimizer=optimizer, epochs=3)
    first = experiment.optimizer.hyperparameters[0].key
    values = np.array([0.0, 0.0, 0.5, 0.9, 0.9, 0.99])
    each = np.array([0.05, 0.5, 0.05, 0.05, 0.5, 0.05])
    rates = dict.fromkeys(experiment.network.parameters, each)
    summary = train_many(experiment, data, rates, {}, {first: values})
    for run in range(len(values)):
        one = replace(experiment, hyper={first: values[run]}, learning_rate=each[run])
        assert_same_run(summary, run, panels(View(one), data))


def plain_loop(data: Dataset, first: float, second: float, epochs: int) -> list[float]:
    """Train two neurons as PyTorch's manual has it, a learning rate for each layer."""
    net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1.0)
    groups = [
        {"params": net[0].parameters(), "lr": first},
        {"params": net[1].parameters(), "lr": second},
    ]
    optimizer = torch.optim.SGD(groups)
    means = []
    for _ in range(epochs):
        losses = []
        for x, y in zip(data.inputs["x"], data.y, strict=True):
            optimizer.zero_grad()
            pred = net(torch.tensor([[x]], dtype=torch.float64))
            loss = (pred - y).square().sum()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(sum(losses) / len(losses))
    return means


def test_a_learning_rate_for_each_layer() -> None:
    data = default_data()
    experiment = two_neurons("two", gradient="backprop", epochs=5).experiment
    pairs = [(1e-5, 1e-6), (1e-6, 1e-5), (3e-5, 2e-6), (2e-4, 1e-6), (1e-7, 0.0)]
    first, second = np.array(pairs).T
    rates = {"a": first, "b": first, "c": second, "d": second}
    summary = train_many(experiment, data, rates, {})
    for run, (one, other) in enumerate(pairs):
        means = plain_loop(data, one, other, 5)
        np.testing.assert_allclose(summary.mean_loss[run], means, rtol=1e-9)


def test_a_run_does_not_depend_on_the_others() -> None:
    data, experiment = default_data(), two_neurons("two")
    rates = np.geomspace(1e-6, 1e-3, 40).tolist()
    together = at_rates(experiment, data, rates)
    for run in (0, 20, 24, 39):
        alone = at_rates(experiment, data, [rates[run]])
        np.testing.assert_array_equal(together.mean_loss[run], alone.mean_loss[0])
        assert judge(together).text(run) == judge(alone).text(0)


# Layers


@pytest.mark.parametrize("runs", [(4,), (4, 1), (3, 4, 1)])
def test_quick_ways_are_the_slow_way(runs: tuple[int, ...]) -> None:
    """Layers with a quick way of their own must do what Layer.of_many does for any layer."""
    generator = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64) - 0.5

    kinds = [Linear(1, 1), Linear(1, 1, bias=False), Linear(3, 2), Linear(1, 2), Linear(3, 1)]
    kinds += [some_layer(kind) for name, kind in layer_types().items() if name != "Linear"]
    for layer in kinds:
        inputs = layer.in_features if isinstance(layer, Linear) else 2
        rows = 5 if runs[-1] == 1 else runs[-1]
        # The same for all runs, as the data is, and for each run its own, as between two layers.
        for lead in ((*(1 for _ in runs[:-1]), rows), (*runs[:-1], rows)):
            x = numbers(inputs, *lead)
            own = {name: numbers(*shape, *runs) for name, shape in layer.parameter_shapes().items()}
            quick = layer.of_many(layer.module(), own, x)
            slow = Layer.of_many(layer, layer.module(), own, x)
            torch.testing.assert_close(quick, slow, rtol=1e-13, atol=1e-15, msg=str(layer))
