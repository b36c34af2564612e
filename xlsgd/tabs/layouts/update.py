"""The columns of a step that follow the slopes: its rate, what is done to slopes, new weights.

A weight in a group with options of its own has its group's names in its formulas, such as
``{rate.head}`` in place of ``{rate}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from xlsgd.base.columns import Column
from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import renamed

if TYPE_CHECKING:
    from xlsgd.training.functions.function import Function

__all__ = ["group_words", "step_columns", "update_columns"]


def step_columns(experiment: Experiment, slope: str, row_losses: str = "{loss}") -> list[Column]:
    """Return what comes between the slopes and the optimizer's columns: the rate of the step, what
    is done to slopes, and what the optimizer has for all parameters alike.

    slope: the quantity that holds the gradient, without the parameter.
    row_losses: the losses that a row of the table has seen, added up.
    """
    names, schedule = experiment.trained, experiment.schedule
    columns = _and_of_groups(experiment, schedule.columns(experiment.optimizer, row_losses))
    for transform in experiment.transforms:
        for column in transform.columns(names, {p: f"{slope}.{p}" for p in names}):
            # A column of a weight goes by what its group has; one of all has nothing of groups.
            p = column.quantity.partition(".")[2]
            columns.append(renamed(column, experiment.own_names(experiment.group(p))))
        slope = transform.gives
    shown = experiment.optimizer.step_columns()
    if experiment.optimizer.of_function:
        function = cast("Function", experiment.network.layers[0])
        shown += experiment.optimizer.function_columns(experiment.network.parameters, function)
    own = [schedule.applied(column, experiment.optimizer) for column in shown]
    return columns + _and_of_groups(experiment, own)


def _and_of_groups(experiment: Experiment, columns: Sequence[Column]) -> list[Column]:
    """Return columns of the step itself, and behind each those of groups, where theirs differ."""
    found = []
    for column in columns:
        found.append(column)
        for group in experiment.param_groups:
            names = experiment.own_names(group)
            if column.quantity in names:
                own = renamed(column, names)
                note = f"{column.note}, of the group {group.name}"
                symbol = column.symbol and f"{column.symbol}, {group.name}"
                found.append(replace(own, note=note, symbol=symbol))
    return found


def update_columns(experiment: Experiment, p: str, slope: str) -> list[Column]:
    """Return the optimizer's columns for parameter p, at the rate of their step.

    slope: the quantity that holds the gradient, without the parameter.
    """
    for transform in experiment.transforms:
        slope = transform.gives
    if p not in experiment.trained:
        return [
            Column(
                f"new.{p}",
                f"={{param.{p}}}",
                paper=p,
                note=f"{p} after this step: it is kept fixed",
                torch=f"{p}.requires_grad_(False)",
                group="update",
                symbol=f"new {p}",
            )
        ]
    names = experiment.own_names(experiment.group(p))
    columns = experiment.optimizer.columns(p, f"{slope}.{p}")
    applied = [experiment.schedule.applied(c, experiment.optimizer) for c in columns]
    return [renamed(column, names) for column in applied] if names else applied


def group_words(experiment: Experiment, p: str) -> str:
    """Return what there is to say of a weight that is fixed, or in a group of its own."""
    if p not in experiment.trained:
        return "; it is kept fixed"
    group = experiment.group(p)
    return f"; group {group.name}" if group else ""
