"""What a live optimizer of torch is among ours: its rule, its options, and what they begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.torch_side.live_scheduler import read_scheduler
from xlsgd.training.optimizers import Optimizer, optimizers
from xlsgd.training.optimizers.refused import refusal
from xlsgd.training.schedules import Schedule
from xlsgd.training.schedules.constant import SCHEDULE as CONSTANT
from xlsgd.training.schedules.schedule import EVERY
from xlsgd.training.transforms import Transform, transforms

if TYPE_CHECKING:
    import torch

__all__ = ["ReadOptimizer", "from_torch"]

# How torch computes, and not what.
_MEANS = {"params", "foreach", "fused", "capturable", "differentiable", "param_names"}


@dataclass(frozen=True)
class ReadOptimizer:
    """What an experiment needs of a live optimizer.

    hyper: of the optimizer and of the transforms.
    transforms: what torch's class does to slopes first: maximize, weight decay.
    start: what a state of every weight starts at, where that is not 0: ``{"sq_sum": 0.1}``.
    """

    optimizer: Optimizer
    learning_rate: float
    hyper: Mapping[str, float] = field(default_factory=dict)
    transforms: tuple[Transform, ...] = ()
    start: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = CONSTANT


def from_torch(
    optimizer: torch.optim.Optimizer, scheduler: Any = None, every: int = 1
) -> ReadOptimizer:
    """Return what an optimizer of torch is among ours, and the scheduler that it has.

    every: after how many steps the scheduler is stepped: 1, or as many as an epoch has.
    Without a scheduler its rate is that of its groups now.
    Raises SpecError for a class that is none of ours, for groups with options of their own, and
    for an optimizer or a scheduler that has made steps already.
    """
    found = _rule(optimizer)
    if scheduler is None:
        return found
    if getattr(scheduler, "optimizer", optimizer) is not optimizer:
        raise SpecError(
            f"the scheduler {type(scheduler).__name__} belongs to another optimizer; make it of "
            "the one that is given"
        )
    schedule, options, rate = read_scheduler(scheduler)
    if getattr(scheduler, "cycle_momentum", False) and not schedule.moved(found.optimizer):
        raise SpecError(
            f"the scheduler {type(scheduler).__name__} moves the momentum of "
            f"{found.optimizer.name}, which keeps it here; pass cycle_momentum=False"
        )
    hyper = {**found.hyper, **options}
    if EVERY in schedule.hyperparameters:
        hyper[EVERY.key] = float(every)
    return replace(found, learning_rate=rate, hyper=hyper, schedule=schedule)


def _rule(optimizer: torch.optim.Optimizer) -> ReadOptimizer:
    name, group = _kind(optimizer), _only_group(optimizer)
    if any(map(_has_begun, optimizer.state.values())):
        raise SpecError(
            f"the optimizer {name} has made steps already, and what it remembers of them is not "
            "taken over; make a new one"
        )
    decoupled = group.get("decoupled_weight_decay")
    kind = "AdamW" if name == "Adam" and decoupled else name
    # What is made of one of ours is not torch's because of that.
    own = [o for o in optimizers().values() if vars(type(o)).get("torch_class") == kind]
    fitting = [o for o in own if o.reads(group)]
    if len(fitting) != 1:
        raise SpecError(
            refusal(name)
            or f"the optimizer {name} with these options is none of those there are: "
            f"{', '.join(optimizers())}"
        )
    rule = fitting[0]
    hyper = {
        h.key: _option(group, rule.torch_names.get(h.key, h.key)) for h in rule.hyperparameters
    }
    done = []
    if group.get("maximize"):
        done.append(transforms()["maximize"])
    decay = float(group.get("weight_decay", 0.0))
    if decay and "weight_decay" not in hyper:
        done.append(transforms()["weight-decay"])
        hyper["weight_decay"] = decay
    start = {state: value for state, value in rule.read_start(group).items() if value}
    rate = float(group["lr"])
    return ReadOptimizer(rule, rate, hyper, tuple(done), start)


def _kind(optimizer: torch.optim.Optimizer) -> str:
    """Return the name of torch's class.  Raises SpecError for a class that is not torch's."""
    import torch

    kind = type(optimizer)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise SpecError(f"got {kind.__name__} for an optimizer; need one of torch.optim")
    if getattr(torch.optim, kind.__name__, None) is not kind:
        raise SpecError(
            f"the optimizer {kind.__qualname__} is none of torch.optim's, and what it does is not "
            "known here; add it as a file of optimizers, or take one of torch.optim"
        )
    why = refusal(kind.__name__)
    if why:
        raise SpecError(why)
    return str(kind.__name__)


def _has_begun(memory: Mapping[str, Any]) -> bool:
    """Return whether a memory is one of steps; some begin with zeros, or with a constant."""
    step = memory.get("step")
    return memory.get("momentum_buffer") is not None if step is None else float(step) > 0


def _only_group(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the options of all groups.  Raises SpecError if they differ."""
    first, *others = optimizer.param_groups
    for number, group in enumerate(others, 2):
        for key in first.keys() - _MEANS:
            if group.get(key) != first[key]:
                raise SpecError(
                    f"the optimizer {type(optimizer).__name__} has groups with options of their "
                    f"own: {key} is {first[key]} in the first, {group.get(key)} in group {number}; "
                    "give all the same"
                )
    return first


def _option(group: Mapping[str, Any], name: str) -> float:
    """Return an option of torch's.  name: such as ``eps``, or ``betas.0``."""
    key, _, place = name.partition(".")
    value = group[key]
    return float(value[int(place)] if place else value)
