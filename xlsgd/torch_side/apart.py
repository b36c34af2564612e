"""Runs that are trained apart, and put together again; and which runs share their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import LEARNING_RATE
from xlsgd.verdict import Summary

__all__ = ["at_rates", "by_value", "rates_by_key", "variants_of"]

Floats = NDArray[np.float64]

_OF_ALL = ("last_step", "last_epoch", "steps_per_epoch")
"""What a summary has once for all runs."""


def by_value(
    options: Sequence[Floats],
    train: Callable[[NDArray[np.intp], Sequence[float]], Summary],
) -> Summary:
    """Return what is known of runs that are trained apart, those with the same values together.

    options: what they differ in, shape (runs,) each.   train: trains those with some values.
    """
    table, which = np.unique(np.stack(options, 1), axis=0, return_inverse=True)
    groups = [np.flatnonzero(which.reshape(-1) == i) for i in range(len(table))]
    parts = [train(runs, values.tolist()) for runs, values in zip(groups, table, strict=True)]
    back = np.argsort(np.concatenate(groups))

    def joined(*values: Any) -> Any:
        if isinstance(values[0], Mapping):
            return {key: joined(*(each[key] for each in values)) for key in values[0]}
        sizes = (
            np.broadcast_to(v, len(runs)) if np.ndim(v) == 0 else v
            for v, runs in zip(values, groups, strict=True)
        )
        return np.concatenate(list(sizes))[back]

    of_runs = [f.name for f in fields(Summary) if f.name not in _OF_ALL]
    return replace(
        parts[0], **{name: joined(*(getattr(part, name) for part in parts)) for name in of_runs}
    )


def variants_of(
    experiment: Experiment, hyper: Mapping[str, Floats], runs: int
) -> tuple[list[Experiment], NDArray[np.int64]]:
    """Return the experiment with all hyperparameters that there are, and which one each run has.

    hyper: by name, shape (runs,); equal ones stand side by side.
    """
    if not hyper:
        return [experiment], np.zeros(runs, dtype=np.int64)
    table = np.stack(list(hyper.values()), 1)
    new = np.any(table[1:] != table[:-1], axis=1)
    group = np.concatenate(([0], np.cumsum(new)))
    first = np.concatenate(([0], np.flatnonzero(new) + 1))
    variants = [
        replace(experiment, hyper={**experiment.hyper, **dict(zip(hyper, row, strict=True))})
        for row in table[first].tolist()
    ]
    return variants, group


def rates_by_key(experiment: Experiment, rates: Mapping[str, Floats]) -> dict[str, Floats] | None:
    """Return rates by the input that they are typed into; None where weights with one input have
    different ones.   rates: of every weight, shape (runs,)."""
    found: dict[str, Floats] = {}
    for p in experiment.trained:
        group = experiment.group(p)
        own = group is not None and LEARNING_RATE in group.keys
        key = group.own(LEARNING_RATE) if group and own else LEARNING_RATE
        if not np.array_equal(found.setdefault(key, np.asarray(rates[p])), rates[p]):
            return None
    return found


def at_rates(experiment: Experiment, rates: Mapping[str, float]) -> Experiment:
    """Return an experiment at other rates, by their inputs."""
    own = {key: rate for key, rate in rates.items() if key != LEARNING_RATE}
    rate = rates.get(LEARNING_RATE, experiment.learning_rate)
    return replace(experiment, learning_rate=rate, hyper={**experiment.hyper, **own})
