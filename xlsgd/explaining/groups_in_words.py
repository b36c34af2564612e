"""What groups of weights do otherwise, and which weights are kept fixed, in words."""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.words import at, rate
from xlsgd.training.experiment import Experiment

__all__ = ["group_sentences"]

_FEW = 4
"""Tensors that are named."""


def group_sentences(experiment: Experiment, where: Citation) -> Iterator[str]:
    """Yield which weights go by options of their own, and which stay what they are."""
    for group in experiment.param_groups:
        own = [
            f"{key} {rate(experiment.hyperparameter(group.own(key)))}"
            f"{at(where.field(group.own(key)))}"
            for key in group.keys
        ]
        yield f"The group {group.name}, {_listed(group.tensors)}, has its own {', '.join(own)}."
    if experiment.frozen:
        verb = "is" if len(experiment.frozen) == 1 else "are"
        yield f"{_listed(experiment.frozen)} {verb} kept fixed, as asked for: no step moves them."


def _listed(names: tuple[str, ...]) -> str:
    if len(names) <= _FEW:
        return ", ".join(names)
    return f"{', '.join(names[: _FEW - 1])} … {names[-1]} ({len(names)} tensors)"
