"""The numbers of an experiment that are typed in beside its rate, and which of them a group of
weights can have of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd.base.columns import Input
from xlsgd.training.losses import Loss
from xlsgd.training.optimizers import Optimizer
from xlsgd.training.param_groups import LEARNING_RATE, ParamGroup
from xlsgd.training.schedules import Schedule
from xlsgd.training.transforms import Transform

__all__ = ["group_options", "hyperparameters"]

_RATE = Input(LEARNING_RATE, 0.01, "size of a step", minimum=0)


def hyperparameters(
    optimizer: Optimizer,
    transforms: Sequence[Transform],
    schedule: Schedule,
    loss: Loss,
    groups: Sequence[ParamGroup] = (),
) -> tuple[Input, ...]:
    """Return the hyperparameters of all four that are typed in, and do not move with a rate; then
    those of groups, where they are not the same for all."""
    moved, needless = schedule.moved(optimizer), schedule.momentum_keys
    of_groups = {given.key: given for given in group_options(optimizer, transforms, schedule)}
    return (
        *(given for given in optimizer.hyperparameters if given.key != moved),
        *(given for each in transforms for given in each.hyperparameters),
        *(given for given in schedule.hyperparameters if moved or given.key not in needless),
        *loss.hyperparameters,
        *(
            replace(
                of_groups[key],
                key=group.own(key),
                note=f"{key} of {', '.join(group.tensors)}",
                label=f"{key.replace('_', ' ')}, {group.name}",
            )
            for group in groups
            for key in group.keys
            if key in of_groups
        ),
    )


def group_options(
    optimizer: Optimizer, transforms: Sequence[Transform], schedule: Schedule
) -> tuple[Input, ...]:
    """Return what a group of weights can have of its own, as in torch's param_groups."""
    moved = schedule.moved(optimizer)
    return (
        _RATE,
        *(given for given in optimizer.hyperparameters if given.key != moved),
        *(given for each in transforms if each.by_group for given in each.hyperparameters),
    )
