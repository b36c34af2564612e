"""What an optimizer gets to see of slopes, by the transforms of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.torch_side.stacks import ALL, Stack, put_together
from xlsgd.training.experiment import Experiment
from xlsgd.training.transforms import Transform

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Tensors = dict[str, Tensor]
    Steps = int | NDArray[np.int64] | None

__all__ = ["transformed", "transformed_by_name"]


def transformed(
    experiment: Experiment, slopes: Tensor, weights: Tensor, steps: Steps = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the slopes that the optimizer sees, and what columns show on the way.

    slopes, weights: shape (parameters, …).   steps: the number of the step, from 1, or those along
    the last axis; None where none is done.
    """
    shown: dict[str, Tensor] = {}
    if not experiment.transforms:
        return slopes, shown
    # What is kept fixed has no slope that anything is done to.
    learning = Stack(ALL, None, experiment.trained, _places(experiment), not experiment.frozen)
    seen, there = learning.of(slopes), learning.of(weights)
    for transform in experiment.transforms:
        others: dict[str, Tensor] = {}
        if transform.by_group and experiment.param_groups:
            seen = _by_group(experiment, transform, seen, there)
        else:
            hyper = _options(experiment, transform)
            counted = {"steps": steps} if transform.counts_steps else {}
            seen, others = transform.quantities(seen, there, hyper, **counted)
        each = {name: others.pop(name) for name in transform.of_each if name in others}
        each[transform.gives] = seen
        shown |= others
        for quantity, values in each.items():
            named = zip(experiment.trained, values, strict=True)
            shown |= {f"{quantity}.{p}": value for p, value in named}
    return put_together([learning], {ALL: seen}, slopes), shown


def _places(experiment: Experiment) -> tuple[int, ...]:
    trained = {*experiment.trained}
    return tuple(i for i, p in enumerate(experiment.network.parameters) if p in trained)


def _options(experiment: Experiment, transform: Transform) -> dict[str, float]:
    return {h.key: experiment.hyperparameter(h.key) for h in transform.hyperparameters}


def _by_group(
    experiment: Experiment, transform: Transform, slopes: Tensor, weights: Tensor
) -> Tensor:
    """Return slopes that are treated group by group.   slopes, weights: of those that learn."""
    found = slopes.clone()
    for group in (None, *experiment.param_groups):
        these = [i for i, p in enumerate(experiment.trained) if experiment.group(p) is group]
        if these:
            hyper = _options(experiment.of_group(group), transform)
            found[these] = transform.quantities(slopes[these], weights[these], hyper)[0]
    return found


def transformed_by_name(
    experiment: Experiment,
    slopes: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    steps: Steps = None,
) -> tuple[Tensors, Tensors]:
    """Return the same for slopes by the name of their weight."""
    import torch

    names = experiment.network.parameters
    if not experiment.transforms:
        return dict(slopes), {}
    trained = experiment.trained
    fixed = torch.zeros_like(slopes[trained[0]])
    stacked = torch.stack([slopes[p] if p in trained else fixed for p in names])
    there = torch.stack([weights[p] for p in names])
    seen, shown = transformed(experiment, stacked, there, steps)
    return dict(zip(names, seen, strict=True)), shown
