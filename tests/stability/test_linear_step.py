"""What the steps of torch's optimizers are made of, and which of them no limit can be given for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.stability.witnesses import BETA, UPDATES, neuron_on, points, radius
from xlsgd.base.columns import Column, fill
from xlsgd.data import default_data
from xlsgd.torch_side.stability import NoLimitError, stability_limit
from xlsgd.torch_side.stability.epoch_map import EpochMap
from xlsgd.torch_side.stability.linear_step import LinearStep, linear_step
from xlsgd.training.experiment import Experiment
from xlsgd.training.optimizers import Optimizer, optimizers
from xlsgd.training.optimizers.momentum import Momentum


@pytest.mark.parametrize("optimizer", UPDATES)
def test_what_a_step_is_made_of(optimizer: str) -> None:
    step = linear_step(neuron_on(default_data(), optimizer))
    kept, taken, from_velocity, from_gradient = UPDATES[optimizer]
    assert step.from_gradient == pytest.approx(-from_gradient)
    if optimizer == "sgd":
        assert step.kept.shape == (0, 0)
        assert step.taken.shape == step.from_memory.shape == (0,)
        assert step.reach == -1
    else:
        assert step.kept.tolist() == [[pytest.approx(kept)]]
        assert step.taken.tolist() == [pytest.approx(taken)]
        assert step.from_memory.tolist() == [pytest.approx(-from_velocity)]
        assert step.reach == pytest.approx(-1 if optimizer == "momentum" else -1 / (1 - BETA))


@pytest.mark.parametrize("learning_rate", [0.0, 1e-300, 7.0])
def test_the_learning_rate_of_the_experiment_plays_no_part(learning_rate: float) -> None:
    data = default_data()
    for optimizer in UPDATES:
        some = linear_step(neuron_on(data, optimizer))
        other = linear_step(neuron_on(data, optimizer, learning_rate=learning_rate))
        assert torch.equal(some.kept, other.kept)
        assert torch.equal(some.from_memory, other.from_memory)
        assert some.from_gradient == other.from_gradient


# The rate below which nothing has to be tried


def test_the_safe_rate_of_known_steps() -> None:
    expected = {
        "sgd": 2.0,
        "momentum-classic": 2 * (1 - BETA) ** 2 / (1 + BETA),
        "momentum": 2 * (1 - BETA) / (1 + BETA),
    }
    for optimizer, rate in expected.items():
        found = linear_step(neuron_on(default_data(), optimizer)).safe_rate()
        assert found == pytest.approx(rate, rel=1e-6)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", range(20))
def test_below_the_safe_rate_nothing_is_unstable(seed: int) -> None:
    """Not even with rows as different as can be, in any order."""
    random = np.random.default_rng(seed)
    optimizer = list(UPDATES)[seed % 4]
    data = points(*random.normal(size=(2, 6)) * 10 ** random.uniform(-2, 2, (1, 6)))
    epoch = EpochMap.of(neuron_on(data, optimizer), data)
    rows = np.stack([*map(np.array, data.inputs.values()), np.ones(6)], axis=1)
    steepest = 2 * (rows**2).sum(1).max()
    assert epoch.steepest == pytest.approx(steepest, rel=1e-12)
    rates = epoch.step.safe_rate() / steepest * np.linspace(0, 1, 501)[1:]
    assert (radius(optimizer, rows, 1, rates) < 1 + 1e-9).all()


def test_the_safe_rate_can_be_reached() -> None:
    """For gradient descent it is the limit of the steepest row alone."""
    data = points([3.0])
    found = stability_limit(neuron_on(data), data).value
    assert found == pytest.approx(linear_step(neuron_on(data)).safe_rate() / (2 * 10), rel=1e-9)


# Optimizers that are not among torch's own


class Other(Optimizer):
    """An optimizer that consists of what it does to a weight."""

    name = "other"
    summary = ""
    torch_line = ""

    def __init__(
        self, update: Callable[[Any, Any, Any, float], None], state: dict[str, str] | None = None
    ) -> None:
        self.update = update
        self.state = state or {}  # type: ignore[misc]

    def columns(self, p: str, g: str) -> list[Column]:
        return []

    def torch_optimizer(self, parameters: Any, learning_rate: float, hyper: Any) -> Any:
        update = self.update

        class Updates(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure: Any = None) -> Any:
                for p in self.param_groups[0]["params"]:
                    update(p, p.grad, self.state[p], learning_rate)

        return Updates(parameters, {"lr": learning_rate})


def experiment_with(update: Any, *memories: str) -> Experiment:
    other = Other(update, {name: name for name in memories})
    return replace(neuron_on(default_data()), optimizer=other)


def clipped(p: Any, g: Any, memory: Any, rate: float) -> None:
    p.sub_(rate * g.clamp(-1e5, 1e5))


def decaying(p: Any, g: Any, memory: Any, rate: float) -> None:
    p.sub_(rate * (g + 0.01 * p))


def shifted(p: Any, g: Any, memory: Any, rate: float) -> None:
    p.sub_(rate * (g + 1))


def squared_rate(p: Any, g: Any, memory: Any, rate: float) -> None:
    p.sub_(rate**2 * g)


def uphill(p: Any, g: Any, memory: Any, rate: float) -> None:
    p.add_(rate * g)


def forgets_nothing(p: Any, g: Any, memory: Any, rate: float) -> None:
    memory["all"].add_(g)
    p.sub_(rate * memory["all"])


def rate_in_memory(p: Any, g: Any, memory: Any, rate: float) -> None:
    memory["v"].mul_(0.9).sub_(rate * g)
    p.add_(memory["v"])


@pytest.mark.parametrize(
    ("experiment", "reason"),
    [
        (experiment_with(lambda p, g, memory, rate: p.sub_(rate * g.sign())), "not proportional"),
        (experiment_with(clipped), "not proportional"),
        (experiment_with(shifted), "not proportional"),
        (experiment_with(decaying), "gradients alone"),
        (experiment_with(squared_rate), "gradients alone"),
        (experiment_with(rate_in_memory, "v"), "gradients alone"),
        (experiment_with(uphill), "do not lead downhill"),
        (experiment_with(lambda p, g, memory, rate: None), "do not lead downhill"),
        (experiment_with(forgets_nothing, "all"), "never forgets a gradient"),
    ],
)
def test_steps_that_have_no_limit(experiment: Experiment, reason: str) -> None:
    with pytest.raises(NoLimitError, match=reason):
        linear_step(experiment)
    found = stability_limit(experiment, default_data())
    assert found.value is None
    assert reason in found.reason


def test_torchs_dampening_of_a_tenth() -> None:
    """The gradient counts 0.9; in the optimizer called momentum it counts 0.1, a ninth of that."""

    class DampenedByATenth(Momentum):
        def torch_optimizer(self, parameters: Any, learning_rate: float, hyper: Any) -> Any:
            return torch.optim.SGD(parameters, learning_rate, momentum=0.9, dampening=0.1)

    data = default_data()
    experiment = replace(neuron_on(data), optimizer=DampenedByATenth())
    found = stability_limit(experiment, data).value
    assert found == pytest.approx(2.961460e-5, rel=2e-7)


def test_two_memories() -> None:
    """Momentum of momentum: v = v/2 + g/2, u = u/2 + v/2, p - rate·u.

    For one weight of curvature 1 the map of a step has the characteristic polynomial
    (z - 1)(z - 1/2)² + rate·z²/4, which has its zero -1 at rate = 18.
    """

    def twice(p: Any, g: Any, memory: Any, rate: float) -> None:
        memory["v"].mul_(0.5).add_(g, alpha=0.5)
        memory["u"].mul_(0.5).add_(memory["v"], alpha=0.5)
        p.sub_(rate * memory["u"])

    data = points([0.5**0.5])
    experiment = replace(
        experiment_with(twice, "v", "u"), network=neuron_on(data, bias=False).network
    )
    step = linear_step(experiment)
    assert step.kept.tolist() == [[0.5, 0.0], [0.25, 0.5]]
    assert step.taken.tolist() == [0.5, 0.25]
    assert step.reach == pytest.approx(-1)
    rates = np.linspace(0, 20, 200001)[1:]
    polynomials = np.stack(
        [np.ones_like(rates), -2 + rates / 4, 1.25 + 0 * rates, -0.25 + 0 * rates], axis=-1
    )
    companion = np.zeros((len(rates), 3, 3))
    companion[:, 0], companion[:, 1, 0], companion[:, 2, 1] = -polynomials[:, 1:], 1, 1
    sizes = np.abs(np.linalg.eigvals(companion)).max(-1)
    expected = rates[np.argmax(sizes >= 1)]
    found = stability_limit(experiment, data).value
    assert found == pytest.approx(expected, abs=2e-4)


@pytest.mark.every
@pytest.mark.parametrize("name", optimizers())
def test_every_optimizer_with_a_factor_has_that_limit(name: str) -> None:
    """On one parabola of curvature 1, the limit is stable_factor; without factor there is none."""
    optimizer = optimizers()[name]
    data = points([0.5**0.5])
    positive = any(g.key == "beta" and g.positive for g in optimizer.hyperparameters)
    for beta in (0.5, 0.9, 0.999) if positive else (0.0, 0.5, 0.9, 0.999):
        betas = {given.key for given in optimizer.hyperparameters} & {"beta"}
        hyper = dict.fromkeys(betas, beta)
        found = stability_limit(neuron_on(data, name, bias=False, hyper=hyper), data).value
        if optimizer.stable_factor:
            factor = eval(fill(optimizer.stable_factor, "{}".format), {"beta": beta})
            assert found == pytest.approx(factor, rel=1e-7)
        else:
            assert found is None


def test_a_step_as_a_table_of_numbers() -> None:
    """LinearStep is a plain record: heavy ball by hand."""
    number = torch.tensor([1.0], dtype=torch.float64)
    step = LinearStep(0.5 * number[None], number, -0.5 * number, -1.0)
    assert step.reach == pytest.approx(-2)
    assert step.safe_rate() == pytest.approx(1 / 3, rel=1e-6)
