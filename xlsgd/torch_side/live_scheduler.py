"""What a live scheduler of torch is among ours, chains of them too."""

from __future__ import annotations

from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.training.schedules import Schedule, schedules
from xlsgd.training.schedules.chain import THEN, TIMES, Chain
from xlsgd.training.schedules.refused import REFUSED

__all__ = ["greatest_of", "read_scheduler"]

_CHAINS = {"SequentialLR": THEN, "ChainedScheduler": TIMES}


def read_scheduler(scheduler: Any) -> tuple[Schedule, dict[str, float], float]:
    """Return the schedule that a scheduler is, its hyperparameters, and the learning rate that its
    rates are made of.

    Raises SpecError for what is none of ours, and for one that has made steps already.
    """
    name = type(scheduler).__name__
    if name in _CHAINS:
        return _chain(scheduler, name)
    found = _single(scheduler)
    _need_new(scheduler, name)
    return found


def greatest_of(scheduler: Any, group: int) -> float:
    """Return the learning rate that the rates of a group are made of.   group: from 0."""
    if type(scheduler).__name__ in _CHAINS:
        scheduler = scheduler._schedulers[0]
    name = type(scheduler).__name__
    own = next(s for s in schedules().values() if vars(type(s)).get("torch_class") == name)
    return own.greatest(scheduler, group)


def _chain(scheduler: Any, name: str) -> tuple[Schedule, dict[str, float], float]:
    parts = scheduler._schedulers
    for part in parts:
        if type(part).__name__ in _CHAINS:
            raise SpecError(
                f"the scheduler {name} has a {type(part).__name__} among its own, and here a chain "
                "is made of single ones; write out its schedulers"
            )
    # SequentialLR takes back what its later schedulers have counted.
    _need_new(parts[0] if name == "ChainedScheduler" else scheduler, name)
    read = [_single(part) for part in parts]
    if len(parts) == 1:
        return read[0]
    rates = [rate for _, _, rate in read]
    if len(set(rates)) > 1:
        raise SpecError(
            f"the schedulers of {name} begin with different learning rates, "
            f"{', '.join(f'{rate:g}' for rate in rates)}; make them of a new optimizer"
        )
    hyper = {
        f"{key}_{i}": value
        for i, (_, options, _) in enumerate(read, 1)
        for key, value in options.items()
    }
    if name == "SequentialLR":
        hyper |= {f"switch_{i}": float(at) for i, at in enumerate(scheduler._milestones, 1)}
    return Chain(tuple(one for one, _, _ in read), _CHAINS[name]), hyper, rates[0]


def _single(scheduler: Any) -> tuple[Schedule, dict[str, float], float]:
    name = type(scheduler).__name__
    fitting = [s for s in schedules().values() if vars(type(s)).get("torch_class") == name]
    if not fitting:
        raise SpecError(
            REFUSED.get(name)
            or f"the scheduler {name} is none of those there are: {', '.join(schedules())}"
        )
    for schedule in fitting:
        options = schedule.reads(scheduler)
        if options is not None:
            return schedule, options, schedule.greatest(scheduler)
    raise SpecError(
        f"the scheduler {name} with these options is none of those there are: "
        f"{', '.join(schedules())}"
    )


def _need_new(scheduler: Any, name: str) -> None:
    if scheduler.last_epoch != 0:
        raise SpecError(
            f"the scheduler {name} has made {scheduler.last_epoch} steps already; make a new one, "
            "and a new optimizer"
        )
