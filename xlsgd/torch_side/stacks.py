"""The weights of a run as a few tensors: one of those that go by what is typed in for all, and one
of each group with options of its own. What is kept fixed is in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import ParamGroup

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ALL", "Stack", "groups_of_stacks", "put_together", "stacks_of"]

ALL = "all"
"""What the tensor is called that has all weights, or those in no group."""


@dataclass(frozen=True)
class Stack:
    """Weights stacked into one tensor.

    name: of the tensor.   places: of its weights among all those of the network.
    """

    name: str
    group: ParamGroup | None
    weights: tuple[str, ...]
    places: tuple[int, ...]
    whole: bool

    def of(self, values: Tensor) -> Tensor:
        """Return the values of its weights.  values: of all weights, shape (parameters, …)."""
        return values if self.whole else values[list(self.places)]


def stacks_of(experiment: Experiment) -> list[Stack]:
    """Return all that an optimizer moves."""
    names, trained, found = experiment.network.parameters, {*experiment.trained}, []
    for group in (None, *experiment.param_groups):
        weights = tuple(p for p in names if p in trained and experiment.group(p) is group)
        if weights:
            name = group.own(ALL) if group else ALL
            own = {*weights}
            places = tuple(i for i, p in enumerate(names) if p in own)
            found.append(Stack(name, group, weights, places, len(weights) == len(names)))
    return found


def groups_of_stacks(stacks: Sequence[Stack]) -> Mapping[str, ParamGroup | None]:
    """Return the group of every tensor, by its name."""
    return {stack.name: stack.group for stack in stacks}


def put_together(stacks: Sequence[Stack], parts: Mapping[str, Tensor], fixed: Tensor) -> Tensor:
    """Return the values of all weights, shape (parameters, …).

    parts: by the name of their stack.   fixed: where those of weights are that no stack has.
    """
    if len(stacks) == 1 and stacks[0].whole:
        return parts[stacks[0].name]
    found = fixed.clone()
    for stack in stacks:
        found[list(stack.places)] = parts[stack.name]
    return found
