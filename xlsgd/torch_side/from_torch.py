"""What a live optimizer of torch is among ours: its rule, its options, and what they begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.torch_side.live_groups import name_of_group
from xlsgd.torch_side.live_scheduler import greatest_of, read_scheduler
from xlsgd.training.optimizers import Optimizer, optimizers
from xlsgd.training.optimizers.refused import refusal
from xlsgd.training.param_groups import LEARNING_RATE, ParamGroup
from xlsgd.training.schedules import Schedule
from xlsgd.training.schedules.constant import SCHEDULE as CONSTANT
from xlsgd.training.schedules.schedule import EVERY
from xlsgd.training.transforms import Transform, transforms

if TYPE_CHECKING:
    import torch

__all__ = ["ReadOptimizer", "from_torch", "in_few_digits"]

_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
"""Where PyTorch keeps what somebody has registered to be called around a step."""


@dataclass(frozen=True)
class ReadOptimizer:
    """What an experiment needs of a live optimizer.

    hyper: of the optimizer and of the transforms.
    transforms: what torch's class does to slopes first: maximize, weight decay.
    start: what a state of every weight starts at, where that is not 0: ``{"sq_sum": 0.1}``.
    groups: those with options of their own; their values are in ``hyper``.
    live: of every group of the optimizer, the name of the one that it is in ``groups``, "" for what
        goes for all.
    """

    optimizer: Optimizer
    learning_rate: float
    hyper: Mapping[str, float] = field(default_factory=dict)
    transforms: tuple[Transform, ...] = ()
    start: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = CONSTANT
    groups: tuple[ParamGroup, ...] = ()
    live: tuple[str, ...] = ("",)


def from_torch(
    optimizer: torch.optim.Optimizer,
    scheduler: Any = None,
    every: int = 1,
    names: Mapping[int, str] | None = None,
) -> ReadOptimizer:
    """Return what an optimizer of torch is among ours, and the scheduler that it has.

    every: after how many steps the scheduler is stepped: 1, or as many as an epoch has.
    names: of its parameters, by their ids, without those that are kept fixed.
    Without a scheduler its rates are those of its groups now.
    Raises SpecError for a class that is none of ours, for groups that go by different rules, and
    for an optimizer or a scheduler that has made steps already.
    """
    found = _read(optimizer, names or {})
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
    for group in found.groups:
        if LEARNING_RATE in group.keys:
            at = found.live.index(group.name)
            hyper[group.own(LEARNING_RATE)] = greatest_of(scheduler, at)
    if EVERY in schedule.hyperparameters:
        hyper[EVERY.key] = float(every)
    return replace(found, learning_rate=rate, hyper=hyper, schedule=schedule)


def _read(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> ReadOptimizer:
    name = _kind(optimizer)
    if any(map(_has_begun, optimizer.state.values())):
        raise SpecError(
            f"the optimizer {name} has made steps already, and what it remembers of them is not "
            "taken over; make a new one"
        )
    if any(getattr(optimizer, hooks) for hooks in _HOOKS):
        raise SpecError(f"the optimizer {name} has hooks, which no sheet can run; make a new one")
    groups = optimizer.param_groups
    read = [_rule(name, group, optimizer.defaults) for group in groups]
    # What moves no weight that learns says nothing.
    tensors = [[names[id(p)] for p in group["params"] if id(p) in names] for group in groups]
    used = [i for i, those in enumerate(tensors) if those or not names]
    rules = {read[i].optimizer.name: read[i].optimizer for i in used}
    general = next(
        (r for r in rules.values() if all(n in (r.name, *r.special_cases) for n in rules)), None
    )
    if general is None:
        raise SpecError(
            f"the optimizer {name} has groups that go by different rules, {' and '.join(rules)}, "
            "and a tab has the columns of one; give all groups the same, but for their numbers"
        )
    if len({"maximize" in _names(read[i]) for i in used}) > 1:
        raise SpecError(
            f"the optimizer {name} has groups that lead uphill and others that do not (maximize); "
            "give all the same"
        )
    read = [_as_ruled(each, general) for each in read]
    first = read[used[0]]
    decays = any("weight-decay" in _names(read[i]) for i in used)
    done = {each.name: each for i in used for each in read[i].transforms}
    hyper = {**({"weight_decay": 0.0} if decays else {}), **first.hyper}
    found: list[ParamGroup] = []
    live = [""] * len(groups)
    for i in used[1:]:
        own = {LEARNING_RATE: read[i].learning_rate}
        own |= {**({"weight_decay": 0.0} if decays else {}), **read[i].hyper}
        base = {LEARNING_RATE: first.learning_rate, **hyper}
        keys = tuple(key for key, value in own.items() if value != base[key])
        if not keys:
            continue
        if not names:
            raise SpecError(f"the optimizer {name} has groups, and nobody says of which weights")
        called = name_of_group(groups[i], tensors[i], [group.name for group in found])
        found.append(ParamGroup(called, tuple(tensors[i]), keys))
        live[i] = called
        hyper |= {found[-1].own(key): own[key] for key in keys}
    order = [each for each in transforms().values() if each.name in done]
    return replace(
        first, hyper=hyper, transforms=tuple(order), groups=tuple(found),
        live=tuple(live),
    )  # fmt: skip


def _names(read: ReadOptimizer) -> set[str]:
    return {each.name for each in read.transforms}


def _as_ruled(read: ReadOptimizer, rule: Optimizer) -> ReadOptimizer:
    """Return what a group does by a rule of which its own is a special case."""
    if read.optimizer is rule:
        return read
    own = rule.special_cases[read.optimizer.name]
    return replace(read, optimizer=rule, hyper={**read.hyper, **own})


def _rule(name: str, group: Mapping[str, Any], defaults: Mapping[str, Any]) -> ReadOptimizer:
    """Return what a group of an optimizer does.   defaults: of the optimizer, by which torch starts
    what it remembers, whatever a group says."""
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
    decay = in_few_digits(group.get("weight_decay", 0.0))
    if decay and "weight_decay" not in hyper:
        done.append(transforms()["weight-decay"])
        hyper["weight_decay"] = decay
    start = {state: value for state, value in rule.read_start(defaults).items() if value}
    rate = in_few_digits(group["lr"])
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


def _option(group: Mapping[str, Any], name: str) -> float:
    """Return an option of torch's.  name: such as ``eps``, or ``betas.0``."""
    key, _, place = name.partition(".")
    return in_few_digits(group[key][int(place)] if place else group[key])


def in_few_digits(value: Any) -> float:
    """Return an option as one would write it: of a tensor in float32 0.05, where float64 has
    0.05000000074505806."""
    short = getattr(getattr(value, "dtype", None), "itemsize", 8) < 8
    return float(f"{float(value):.7g}") if short else float(value)
