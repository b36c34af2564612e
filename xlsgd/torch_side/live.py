"""What a live module, loss and optimizer of torch do: their weights, and the first step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.torch_side.batch_loss import of_batch
from xlsgd.torch_side.from_torch import in_few_digits
from xlsgd.torch_side.live_groups import fixed_tensors
from xlsgd.torch_side.modules.calling import (
    as_in_a_sheet,
    in_float64,
    input_called,
    required_arguments,
)
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.graph import flat, weight_names
from xlsgd.training.schedules.schedule import MOMENTUM, RATE

if TYPE_CHECKING:
    import torch

__all__ = ["FirstStep", "criterion_of", "first_step", "start_weights"]


def criterion_of(experiment: Experiment) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the loss of a batch that an experiment has, for whom has no live one."""
    own = experiment.loss.module(**experiment.loss_options)

    def criterion(pred: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return of_batch(experiment, own(pred, y.double()).flatten(), y.double())

    return criterion


def start_weights(module: torch.nn.Module) -> dict[str, float]:
    """Return every weight of a module as it stands, by its name, as ``fc1.weight[0,1]``.

    Raises SpecError for weights that are no finite numbers.
    """
    found: dict[str, float] = {}
    for name, parameter in module.named_parameters():
        values = parameter.detach().cpu().double().numpy()
        if not np.isfinite(values).all():
            raise SpecError(f"the module's parameter {name} holds numbers that are not finite")
        names = flat(weight_names(name, tuple(parameter.shape)))
        found |= dict(zip(names, map(float, values.ravel()), strict=True))
    if not found:
        raise SpecError("the module has no parameters: there is nothing to train")
    return found


@dataclass(frozen=True)
class FirstStep:
    """What the live objects do with the first batch.

    loss: its mean loss.   gradients: of the mean loss, of weights that learn.   after: the weights
    after the step.   Both by the names of weights.
    """

    loss: float
    gradients: Mapping[str, float]
    after: Mapping[str, float]


def first_step(
    module: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None,
    loss: Any,
    data: Dataset,
    batch_size: int,
    clips: Mapping[str, float] | None = None,
    in_one_column: bool = False,
    scheduled: Sequence[Mapping[str, float]] = (),
) -> FirstStep:
    """Let copies of live objects take their first step, in float64; they themselves stay as they
    are.

    optimizer: None for no step; then there are no weights after it.
    in_one_column: whether the one input goes in as a tensor of shape (rows,).
    clips: clip_value or clip_norm, or both in this order; the gradients returned are those before.
    scheduled: rate and momentum of the first step by group, where no live scheduler has set them.

    Raises SpecError where they do not go together with the data.
    """
    import torch

    own = copy.deepcopy(module).cpu().double()
    if isinstance(loss, torch.nn.Module):  # it may have weights
        loss = copy.deepcopy(loss).cpu().double()
    steps = None if optimizer is None else _again(optimizer, module, own)
    rows = slice(0, batch_size)
    columns = torch.tensor(list(data.inputs.values()), dtype=torch.float64).T[rows]
    given = required_arguments(module)
    called = [input_called(name, data.inputs) for name in given]
    places = [list(data.inputs).index(name) for name in called if name is not None]
    x = [columns] if len(given) == 1 else [columns[:, at] for at in places]
    if in_one_column:
        x = [column[:, 0] for column in x]
    try:
        with as_in_a_sheet():
            pred = own(*x)
        value = loss(pred, _targets(pred, data, rows, loss))
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise SpecError(
            f"module and loss do not go together with the data: {str(error).splitlines()[0]}"
        ) from error
    if value.dim():
        raise SpecError(f"the loss gives the shape {tuple(value.shape)}, need one number")
    if not value.requires_grad:
        raise SpecError("the loss has no derivative: nothing in the module is trained by it")
    own.zero_grad()
    value.backward()
    for p in own.parameters():
        # A sheet has every slope; what a step does is the same.
        if p.grad is not None and p.grad.is_sparse:
            p.grad = p.grad.to_dense()
    fixed = fixed_tensors(own, steps)
    gradients = {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in own.named_parameters()
        if name not in fixed
    }
    after: dict[str, torch.Tensor] = {}
    if steps is not None:
        if clips and "clip_value" in clips:
            torch.nn.utils.clip_grad_value_(own.parameters(), clips["clip_value"])
        if clips and "clip_norm" in clips:
            torch.nn.utils.clip_grad_norm_(own.parameters(), clips["clip_norm"])
        for group, given_to in zip(steps.param_groups, scheduled, strict=False):
            _set(group, given_to)
        with in_float64():
            steps.step()
        after = dict(own.named_parameters())
    return FirstStep(float(value.detach()), _named(gradients), _named(after))


def _set(group: dict[str, Any], scheduled: Mapping[str, float]) -> None:
    """Set the rate of a group, and what torch's schedulers call its momentum."""
    if RATE in scheduled:
        group["lr"] = scheduled[RATE]
    if MOMENTUM in scheduled and "betas" in group:
        group["betas"] = (scheduled[MOMENTUM], *group["betas"][1:])
    elif MOMENTUM in scheduled:
        group["momentum"] = scheduled[MOMENTUM]


def _again(
    optimizer: torch.optim.Optimizer, module: torch.nn.Module, own: torch.nn.Module
) -> torch.optim.Optimizer:
    """Return an optimizer like another, for the copy of a module."""
    import torch

    copies = {id(p): q for p, q in zip(module.parameters(), own.parameters(), strict=True)}
    groups = []
    for group in optimizer.param_groups:
        if any(id(p) not in copies for p in group["params"]):
            raise SpecError("the optimizer has parameters that are none of the module's")
        plain = {k: in_few_digits(v) for k, v in group.items() if isinstance(v, torch.Tensor)}
        groups.append({**group, **plain, "params": [copies[id(p)] for p in group["params"]]})
    kind: Any = type(optimizer)
    again: torch.optim.Optimizer = kind(groups)
    # What it begins with, such as Adagrad's first sum of squares.
    for parameter, memory in optimizer.state.items():
        again.state[copies[id(parameter)]] = {
            key: value.detach().cpu().double().clone() if isinstance(value, torch.Tensor) else value
            for key, value in memory.items()
        }
    return again


def _targets(pred: torch.Tensor, data: Dataset, rows: slice, loss: Any) -> torch.Tensor:
    """Return targets as torch wants them beside predictions: of their shape, or classes."""
    import torch

    columns = [torch.tensor(column, dtype=torch.float64)[rows] for column in data.targets]
    made = pred.shape[-1] if pred.dim() > 1 else 1
    if len(columns) not in (1, made):
        raise SpecError(
            f"the module makes {made} {'prediction' if made == 1 else 'predictions'} of a row, and "
            f"the data has {len(columns)} targets; need as many"
        )
    if len(columns) > 1:
        return torch.stack(columns, -1)
    (y,) = columns
    if pred.dim() > 1 and pred.shape[-1] > 1:
        return y.long()
    return y.reshape(pred.shape)


def _named(tensors: Mapping[str, torch.Tensor]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, tensor in tensors.items():
        values = tensor.detach().numpy()
        names = flat(weight_names(name, tuple(tensor.shape)))
        found |= dict(zip(names, map(float, values.ravel()), strict=True))
    return found
