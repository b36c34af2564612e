"""A torch optimizer whose memory goes by the names that the sheet uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from inspect import unwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlsgd.torch_side.ensemble import Ensemble
from xlsgd.torch_side.rates import Scheduled
from xlsgd.training.experiment import Experiment
from xlsgd.training.functions.landscape import Landscape
from xlsgd.training.param_groups import ParamGroup
from xlsgd.training.schedules.schedule import MOMENTUM, RATE

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["Stepper", "derived_quantities", "start_state", "step_each"]


class Stepper:
    """Parameters and the optimizer that moves them, with torch's param_groups.

    parameters: shape (…) each; every element is a run of its own, since all these optimizers
    treat every number by itself.   groups: those of parameters that are no weights by their names.
    """

    def __init__(
        self,
        experiment: Experiment,
        parameters: Tensors,
        groups: Mapping[str, ParamGroup | None] | None = None,
    ) -> None:
        self.parameters = {p: v.detach().clone() for p, v in parameters.items()}
        self._rule = experiment.optimizer
        self._keys = self._rule.state
        self._rates: Any = None
        self._moved = experiment.schedule.moved(self._rule)
        self._own_rates = experiment.rate_names
        self._done = 0
        belongs = {p: groups[p] if groups else experiment.group(p) for p in self.parameters}
        # A group that is torch's, and the parameters in it; first what is typed in for all.
        self._groups: dict[str | None, Experiment] = {
            None: experiment.of_group(None),
            **{group.name: experiment.of_group(group) for group in experiment.param_groups},
        }
        self._tensors = {
            name: [t for p, t in self.parameters.items() if _name(belongs[p]) == name]
            for name in self._groups
        }
        self._optimizer = self._made(self._tensors, {}, {})
        if self._rule.of_function:
            stacked = tuple(self.parameters) != experiment.network.parameters
            setattr(self._optimizer, "landscape", Landscape(experiment.network, stacked))  # noqa: B010
        # The method without what torch wraps around it: profiler, hooks and its compiler, whose
        # import takes 0.8 s.  None of them has anything to do here.
        self._step = unwrap(type(self._optimizer).step)

    def _made(
        self,
        tensors: Mapping[str | None, list[Tensor]],
        rates: Mapping[str | None, float],
        changed: Mapping[str, float],
    ) -> torch.optim.Optimizer:
        """Return torch's optimizer for tensors by their group.

        rates: where they are not those of the experiment.   changed: hyperparameters that are
        other ones.
        """
        made: torch.optim.Optimizer | None = None
        for name, some in tensors.items():
            if not some:
                continue
            own = self._groups[name]
            rate = rates.get(name, own.learning_rate)
            one = self._rule.torch_optimizer(some, rate, {**_hyperparameters(own), **changed})
            if made is None:
                made = one
            else:
                made.add_param_group(one.param_groups[0])
        assert made is not None, "there is something to move"
        return made

    def remember(self, memory: Tensors, steps_done: Tensor) -> None:
        """Set what the optimizer knows of earlier steps."""
        apart = self._rule.steps_apart
        self._done = int(steps_done.flatten()[0]) if apart and steps_done.numel() else 0
        for p, tensor in self.parameters.items():
            self._optimizer.state[tensor] = {
                key: memory[f"{name}.{p}"].detach().clone() for name, key in self._keys.items()
            }
            # Most of torch's optimizers count steps for nothing that they compute, and want one
            # number for all; where the number matters, every run has its own.
            own = self._rule.counts_steps and not apart
            step = steps_done.clone() if own else steps_done.new_full((), float(self._done))
            self._optimizer.state[tensor]["step"] = step

    def memory(self) -> Tensors:
        """Return what the optimizer remembers, by the sheet's names."""
        return {
            f"{name}.{p}": self._optimizer.state[tensor][key].detach().clone()
            for name, key in self._keys.items()
            for p, tensor in self.parameters.items()
        }

    def step(self, gradients: Tensors, given: Scheduled | None = None) -> None:
        """Do one step along gradients.

        given: what the schedule gives to this step; the experiment's learning rate without it.
        """
        import torch

        if given is not None:
            own = {name: given[rate] for name, rate in self._own_rates.items()}
            self.turn(given[RATE], given.get(MOMENTUM), own)

        for p, tensor in self.parameters.items():
            tensor.grad = gradients[p].detach()
        if self._rule.starts_empty and not self._done:
            self._optimizer.state.clear()
        # Again before every step: torch keeps these numbers in single precision.
        for group in self._optimizer.param_groups:
            for key, number in self._rule.torch_counters(self._done, group).items():
                for tensor in group["params"]:
                    self._optimizer.state[tensor][key] = torch.tensor(number, dtype=torch.float64)
        too_large = {p: self._too_large(p, gradients[p]) for p in self.parameters}
        with torch.no_grad():
            self._step(self._optimizer)
        self._done += 1
        groups = {id(t): group for group in self._optimizer.param_groups for t in group["params"]}
        for p, tensor in self.parameters.items():
            # torch divides by infinity and takes its sign; what no cell can hold leads nowhere.
            lost = ~gradients[p].isfinite()
            if (product := too_large[p]) is not None:
                lost |= product
                for key in self._keys.values():
                    self._optimizer.state[tensor][key].masked_fill_(product, torch.nan)
            looks_back = self._rule.looks_at_memory(self._done, groups[id(tensor)])
            for key in self._keys.values() if looks_back else ():
                kept = self._optimizer.state[tensor].get(key)
                lost = lost if kept is None else lost | ~kept.isfinite()
            tensor.masked_fill_(lost, torch.nan)
        for group in self._optimizer.param_groups:
            if group.get("momentum") == 0 and self._keys:
                # Without momentum torch keeps no buffer; the velocity is the gradient itself.
                for tensor in group["params"]:
                    self._optimizer.state[tensor]["momentum_buffer"] = tensor.grad

    def _too_large(self, p: str, gradient: Tensor) -> Tensor | None:
        """Return where a step makes a product of slopes that no cell can hold; None for nowhere."""
        state = self._optimizer.state[self.parameters[p]]
        product = self._rule.product_of_slopes(gradient, state)
        return None if product is None else ~product.isfinite()

    def turn(
        self, rate: float, momentum: float | None = None, own: Mapping[str, float] | None = None
    ) -> None:
        """Set the rate of the next steps, and the momentum where that moves.

        own: the rates of groups that have one of their own; the experiment's where not given.
        """
        import torch

        asked = (rate, momentum, own or {})
        if self._rates == asked:
            return
        self._rates = asked
        changed = {} if momentum is None else {self._moved: momentum}
        filled = {name: [torch.zeros(1)] for name, some in self._tensors.items() if some}
        rates = {name: rate for name in self._groups if name not in self._own_rates}
        rates.update(own or {})
        made = self._made(filled, rates, changed)
        for group, like in zip(self._optimizer.param_groups, made.param_groups, strict=True):
            group |= {key: value for key, value in like.items() if key != "params"}


def step_each(
    experiment: Experiment,
    parameters: Tensors,
    memory: Tensors,
    numbers: NDArray[np.int64],
    gradients: Tensors,
    given: Mapping[str, NDArray[np.float64]],
) -> tuple[Tensors, Tensors]:
    """Do one step from each of many places, all at once, and return the parameters and what is
    remembered then.

    parameters, gradients: shape (members, steps).   memory: the same, before the steps.
    numbers: of the steps, from 1, shape (steps,).   given: what the schedule gives to each, shape
        (steps,); where its rate is none, nobody knows where the step leads.
    """
    import torch

    names = experiment.rate_names
    every = np.stack([given[RATE], *(given[name] for name in names.values())])
    is_rate = (every >= 0).all(0)
    rates = np.where((every >= 0) & np.isfinite(every), every, 0.0)
    momenta = given.get(MOMENTUM, np.full(len(numbers), -1.0))
    done = torch.from_numpy(numbers - 1.0)
    after = {p: value.detach().clone() for p, value in parameters.items()}
    # What is kept fixed stays where it is.
    parameters = {p: parameters[p] for p in experiment.trained}
    remembered = {name: value.detach().clone() for name, value in memory.items()}
    # What torch wants to be the same for all that is stepped at once.
    apart = numbers if experiment.optimizer.steps_apart else np.zeros_like(numbers)
    same = np.concatenate([np.stack([momenta, apart]), rates])
    different, group = np.unique(same, axis=1, return_inverse=True)
    for i, (momentum, _, rate, *more) in enumerate(different.T):
        some: Tensor | slice = slice(None)
        if different.shape[1] > 1:
            some = torch.from_numpy(np.flatnonzero(group.reshape(-1) == i))
        stepper = Stepper(
            replace(experiment, learning_rate=float(rate)),
            {p: value[:, some] for p, value in parameters.items()},
        )
        begin = {name: value[:, some] for name, value in memory.items()}
        members = len(next(iter(parameters.values())))
        stepper.remember(begin, steps_done=done[some].expand(members, -1))
        own = dict(zip(names, map(float, more), strict=True))
        stepper.turn(float(rate), float(momentum) if MOMENTUM in given else None, own)
        stepper.step({p: gradients[p][:, some] for p in parameters})
        for p, value in stepper.parameters.items():
            after[p][:, some] = value
        for name, value in stepper.memory().items():
            remembered[name][:, some] = value
    if not is_rate.all():
        for p in parameters:
            after[p][:, torch.from_numpy(~is_rate)] = torch.nan
    return after, remembered


def start_state(experiment: Experiment, name: str, first: Tensors) -> Tensor:
    """Return what the optimizer remembers before the first step, shape (members,).

    name: such as ``velocity.a``.   first: the gradients of the first row, shape (members, 1).
    """
    import torch

    kind, _, p = name.partition(".")
    gradient = first[p][:, 0]
    if name in experiment.start:
        return torch.full_like(gradient, experiment.start[name])
    rate = experiment.of_group(experiment.group(p)).learning_rate
    start = experiment.optimizer.torch_start_of(kind, gradient, rate)
    return torch.as_tensor(start, dtype=torch.float64).expand(gradient.shape).clone()


def derived_quantities(
    experiment: Experiment,
    quantities: Tensors,
    step: NDArray[np.int64],
    given: Mapping[str, NDArray[np.float64]],
) -> Tensors:
    """Return what an optimizer's columns show beyond its state and its step.

    quantities: the new state, shapes (members, steps).   step: their numbers, from 1.
    given: what the schedule gives to each.
    """
    import torch

    numbers = torch.from_numpy(step.astype(float))
    rule = experiment.optimizer
    shape = next(iter(quantities.values())).shape
    # What a step has of its number alone may cancel: as far as a digit of a hyperparameter tells.
    ensemble = Ensemble(shape[0])

    def rounding(value: Tensor) -> Tensor:
        whole = value.expand(shape[0], -1)
        return ensemble.rounding(whole.reshape(-1)).reshape(whole.shape)

    derived: Tensors = {}
    for group in (None, *experiment.param_groups):
        alone = experiment.of_group(group)
        hyper: dict[str, Any] = dict(_hyperparameters(alone))
        moved = {key: ensemble.copies([value]) for key, value in hyper.items()}
        if MOMENTUM in given:
            key = experiment.schedule.moved(experiment.optimizer)
            hyper[key] = torch.from_numpy(given[MOMENTUM])
        names = experiment.own_names(group)
        of_steps = rule.of_steps(numbers, moved, alone.learning_rate, rounding)
        for name, value in of_steps.items():
            if group is None or name in names:
                derived[names.get(name, name)] = value.expand(shape)
        for p in experiment.trained:
            if experiment.group(p) is not group:
                continue
            state = {name: quantities[f"{name}.{p}"] for name in rule.state}
            for name, value in rule.derived(state, numbers, hyper).items():
                derived[f"{name}.{p}"] = value
    if rule.of_function:  # it has no groups: what is typed in is for all
        weights = [quantities[f"param.{p}"] for p in experiment.network.parameters]
        rates = torch.from_numpy(np.asarray(given[RATE], dtype=np.float64))
        landscape = Landscape(experiment.network, stacked=False)
        own = _hyperparameters(experiment)
        seen = rule.seen_of_function(landscape, weights, numbers, rates, own)
        derived |= {name: value.expand(shape) for name, value in seen.items()}
    return derived


def _name(group: ParamGroup | None) -> str | None:
    return None if group is None else group.name


def _hyperparameters(experiment: Experiment) -> dict[str, float]:
    """Return the hyperparameters of the optimizer alone."""
    own = experiment.optimizer.hyperparameters
    return {given.key: experiment.hyperparameter(given.key) for given in own}
