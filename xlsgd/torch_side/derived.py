"""What an optimizer's columns show beyond its state and its step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["derived_quantities"]


def derived_quantities(
    experiment: Experiment, quantities: Tensors, step: NDArray[np.int64]
) -> Tensors:
    """Return what an optimizer's columns show beyond its state and its step.

    quantities: the new state, shapes (members, steps).   step: their numbers, from 1.
    """
    import torch

    hyper = {g.key: experiment.hyperparameter(g.key) for g in experiment.optimizer.hyperparameters}
    numbers = torch.from_numpy(step.astype(float))
    derived = {}
    for p in experiment.network.parameters:
        state = {name: quantities[f"{name}.{p}"] for name in experiment.optimizer.state}
        for name, value in experiment.optimizer.derived(state, numbers, hyper).items():
            derived[f"{name}.{p}"] = value
    return derived
