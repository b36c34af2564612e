"""Is a step learning_rate times something, and does it depend on the weight? Found by trying."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xlsgd.base.errors import SpecError
from xlsgd.torch_side.plain import load_torch
from xlsgd.torch_side.rates import NotScalingError
from xlsgd.torch_side.stepper import Stepper
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["is_plain", "need_steps_that_scale", "uses_weight"]

_TRIED = 64
"""Weights, gradients and memories tried."""


def need_steps_that_scale(experiment: Experiment) -> None:
    """Raise NotScalingError unless an optimizer's step is learning_rate times something, and
    SpecError if it depends on the weight though the optimizer does not say so.

    Many runs are stepped at once at a rate of 1, and moved by their own rates times that: for
    another optimizer, that would be another rule.
    """
    for group in experiment.param_groups:
        need_steps_that_scale(experiment.of_group(group))
    experiment = experiment.of_group(None)
    name = experiment.optimizer.name
    if experiment.optimizer.of_function:
        if not experiment.optimizer.scales:
            raise NotScalingError(
                f"the step of {name} is not learning_rate times something: sweep over "
                "learning_rate, a start value or a hyperparameter"
            )
        return
    whole, half = _moved(experiment, 1.0), _moved(experiment, 0.5)
    if not (_same(2 * half[0], whole[0]) and all(map(_same, half[1:], whole[1:]))):
        raise NotScalingError(
            f"the step of {name} is not learning_rate times something, so no layer can have a rate "
            "of its own: sweep over learning_rate"
        )
    if not experiment.optimizer.uses_weight and uses_weight(experiment):
        raise SpecError(
            f"the step of {name} depends on the weight, but it does not say so: "
            f"set uses_weight = True in its class, {type(experiment.optimizer).__qualname__}"
        )


def uses_weight(experiment: Experiment) -> bool:
    """Return whether a step depends on the weight that it moves, as tried in torch."""
    there, at_zero = _moved(experiment, 1.0), _moved(experiment, 1.0, size=0.0)
    return not all(map(_same, there, at_zero))


def is_plain(experiment: Experiment, weights: Tensor) -> bool:
    """Return whether a step is the learning rate times the gradient, and nothing else.

    Asking torch.optim.SGD for it each time takes a tenth of the time of a run of one neuron.
    """
    import torch

    hyper = {g.key: experiment.hyperparameter(g.key) for g in experiment.optimizer.hyperparameters}
    asked = experiment.optimizer.torch_optimizer([weights], 1.0, hyper)
    usual = torch.optim.SGD([weights], lr=1.0).defaults
    same = all(usual.get(key) == value for key, value in asked.defaults.items() if key != "lr")
    return type(asked) is torch.optim.SGD and same


def _moved(experiment: Experiment, rate: float, size: float = 1.0) -> list[Tensor]:
    """Return by how much weights are moved, and what is remembered then.

    size: of the weights.
    """
    torch = load_torch()
    random = torch.Generator().manual_seed(0)  # any numbers will do; the same ones every time
    count = 2 + len(experiment.optimizer.state)
    numbers = torch.randn(count, _TRIED, generator=random, dtype=torch.float64)
    weight, gradient, *memories = numbers
    weight = weight * size
    stepper = Stepper(replace(experiment, learning_rate=rate), {"w": weight})
    # Squares are remembered as well, and they are above 0.
    memory = {f"{k}.w": m.abs() for k, m in zip(experiment.optimizer.state, memories, strict=True)}
    stepper.remember(memory, steps_done=torch.full_like(weight, 3.0))
    stepper.step({"w": gradient})
    return [stepper.parameters["w"] - weight, *stepper.memory().values()]


def _same(one: Tensor, other: Tensor) -> bool:
    import torch

    return bool(torch.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True))
