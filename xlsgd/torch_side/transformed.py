"""What an optimizer gets to see of slopes, by the transforms of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.training.experiment import Experiment

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
    names = experiment.network.parameters
    for transform in experiment.transforms:
        hyper = {h.key: experiment.hyperparameter(h.key) for h in transform.hyperparameters}
        counted = {"steps": steps} if transform.counts_steps else {}
        slopes, others = transform.quantities(slopes, weights, hyper, **counted)
        each = {name: others.pop(name) for name in transform.of_each if name in others}
        each[transform.gives] = slopes
        shown |= others
        for quantity, values in each.items():
            shown |= {f"{quantity}.{p}": v for p, v in zip(names, values, strict=True)}
    return slopes, shown


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
    stacked, there = (torch.stack([each[p] for p in names]) for each in (slopes, weights))
    seen, shown = transformed(experiment, stacked, there, steps)
    return dict(zip(names, seen, strict=True)), shown
