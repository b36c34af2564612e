"""A torch optimizer whose memory goes by the names that the sheet uses."""

from __future__ import annotations

from dataclasses import replace
from inspect import unwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.torch_side.rates import rates_of_steps
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["Stepper", "derived_quantities", "start_state", "step_each"]


class Stepper:
    """Parameters and the optimizer that moves them.

    parameters: shape (…) each; every element is a run of its own, since all these optimizers
    treat every number by itself.
    """

    def __init__(self, experiment: Experiment, parameters: Tensors) -> None:
        self.parameters = {p: v.detach().clone() for p, v in parameters.items()}
        self._keys = experiment.optimizer.state
        self._counts_steps = experiment.optimizer.counts_steps
        hyper = _hyperparameters(experiment)
        self._rate = experiment.learning_rate

        def make(tensors: list[Tensor], rate: float) -> torch.optim.Optimizer:
            return experiment.optimizer.torch_optimizer(tensors, rate, hyper)

        self._make = make
        self._optimizer = make(list(self.parameters.values()), self._rate)
        # The method without what torch wraps around it: profiler, hooks and its compiler, whose
        # import takes 0.8 s.  None of them has anything to do here.
        self._step = unwrap(type(self._optimizer).step)

    def remember(self, memory: Tensors, steps_done: Tensor) -> None:
        """Set what the optimizer knows of earlier steps."""
        for p, tensor in self.parameters.items():
            self._optimizer.state[tensor] = {
                key: memory[f"{name}.{p}"].detach().clone() for name, key in self._keys.items()
            }
            # Most of torch's optimizers count steps for nothing that they compute, and want one
            # number for all; where the number matters, every run has its own.
            step = steps_done.clone() if self._counts_steps else steps_done.new_zeros(())
            self._optimizer.state[tensor]["step"] = step

    def memory(self) -> Tensors:
        """Return what the optimizer remembers, by the sheet's names."""
        return {
            f"{name}.{p}": self._optimizer.state[tensor][key].detach().clone()
            for name, key in self._keys.items()
            for p, tensor in self.parameters.items()
        }

    def step(self, gradients: Tensors, rate: float | None = None) -> None:
        """Do one step along gradients.

        rate: of this step; the experiment's learning rate where not given.
        """
        import torch

        if rate is not None and rate != self._rate:
            self._rate = rate
            for group in self._optimizer.param_groups:
                group["lr"] = self._make([torch.zeros(1)], rate).param_groups[0]["lr"]

        for p, tensor in self.parameters.items():
            tensor.grad = gradients[p].detach()
        with torch.no_grad():
            self._step(self._optimizer)
        if self._optimizer.param_groups[0].get("momentum") == 0 and self._keys:
            # Without momentum torch keeps no buffer; the velocity is the gradient itself.
            for p, tensor in self.parameters.items():
                self._optimizer.state[tensor]["momentum_buffer"] = gradients[p].detach()


def step_each(
    experiment: Experiment,
    parameters: Tensors,
    memory: Tensors,
    numbers: NDArray[np.int64],
    gradients: Tensors,
) -> tuple[Tensors, Tensors]:
    """Do one step from each of many places, all at once, and return the parameters and what is
    remembered then.

    parameters, gradients: shape (members, steps).   memory: the same, before the steps.
    numbers: of the steps, from 1, shape (steps,): they tell the rate of each.
    """
    import torch

    every = rates_of_steps(experiment, numbers)
    done = torch.from_numpy(numbers - 1.0)
    after = {p: value.detach().clone() for p, value in parameters.items()}
    remembered = {name: value.detach().clone() for name, value in memory.items()}
    different = np.unique(every)
    for rate in different:
        some: Tensor | slice = slice(None)
        if len(different) > 1:
            some = torch.from_numpy(np.flatnonzero(every == rate))
        stepper = Stepper(
            replace(experiment, learning_rate=float(rate)),
            {p: value[:, some] for p, value in parameters.items()},
        )
        begin = {name: value[:, some] for name, value in memory.items()}
        members = len(next(iter(parameters.values())))
        stepper.remember(begin, steps_done=done[some].expand(members, -1))
        stepper.step({p: value[:, some] for p, value in gradients.items()})
        for p, value in stepper.parameters.items():
            after[p][:, some] = value
        for name, value in stepper.memory().items():
            remembered[name][:, some] = value
    return after, remembered


def start_state(experiment: Experiment, name: str, first: Tensors) -> Tensor:
    """Return what the optimizer remembers before the first step, shape (members,).

    name: such as ``velocity.a``.   first: the gradients of the first row, shape (members, 1).
    """
    import torch

    gradient = first[name.partition(".")[2]][:, 0]
    if name in experiment.start:
        return torch.full_like(gradient, experiment.start[name])
    start = experiment.optimizer.torch_start_state(gradient)
    return torch.as_tensor(start, dtype=torch.float64).expand(gradient.shape).clone()


def derived_quantities(
    experiment: Experiment, quantities: Tensors, step: NDArray[np.int64]
) -> Tensors:
    """Return what an optimizer's columns show beyond its state and its step.

    quantities: the new state, shapes (members, steps).   step: their numbers, from 1.
    """
    import torch

    hyper = _hyperparameters(experiment)
    numbers = torch.from_numpy(step.astype(float))
    derived = {}
    for p in experiment.network.parameters:
        state = {name: quantities[f"{name}.{p}"] for name in experiment.optimizer.state}
        for name, value in experiment.optimizer.derived(state, numbers, hyper).items():
            derived[f"{name}.{p}"] = value
    return derived


def _hyperparameters(experiment: Experiment) -> dict[str, float]:
    """Return the hyperparameters of the optimizer alone."""
    own = experiment.optimizer.hyperparameters
    return {given.key: experiment.hyperparameter(given.key) for given in own}
