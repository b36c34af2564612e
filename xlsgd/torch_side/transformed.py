"""What an optimizer gets to see of slopes, by the transforms of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["transformed", "transformed_by_name"]


def transformed(
    experiment: Experiment, slopes: Tensor, weights: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the slopes that the optimizer sees, and what columns show on the way.

    slopes, weights: shape (parameters, …).
    """
    shown: dict[str, Tensor] = {}
    names = experiment.network.parameters
    for transform in experiment.transforms:
        hyper = {h.key: experiment.hyperparameter(h.key) for h in transform.hyperparameters}
        slopes, others = transform.quantities(slopes, weights, hyper)
        shown |= others
        shown |= {f"{transform.gives}.{p}": slope for p, slope in zip(names, slopes, strict=True)}
    return slopes, shown


def transformed_by_name(
    experiment: Experiment, slopes: Mapping[str, Tensor], weights: Mapping[str, Tensor]
) -> tuple[Tensors, Tensors]:
    """Return the same for slopes by the name of their weight."""
    import torch

    names = experiment.network.parameters
    if not experiment.transforms:
        return dict(slopes), {}
    stacked, there = (torch.stack([each[p] for p in names]) for each in (slopes, weights))
    seen, shown = transformed(experiment, stacked, there)
    return dict(zip(names, seen, strict=True)), shown
