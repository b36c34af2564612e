"""What torch has for an images tab: one row of data, through the net at two moments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.torch_side import Ensemble, TorchNet
from xlsgd.torch_side.targets import to_predict
from xlsgd.training.experiment import Experiment

__all__ = ["Members", "pixels", "through"]

Members = dict[str, list[float | str]]
"""By name, a number for every member of the ensemble."""


def pixels(experiment: Experiment, data: Dataset, row: int, members: int) -> NDArray[np.float64]:
    """Return the image of a row, from 0, for every member: shape (members, inputs)."""
    image = [data.inputs[name][row] for name in experiment.network.input_names]
    found: NDArray[np.float64] = Ensemble(members).copies(image).numpy()
    return found


def through(
    experiment: Experiment, data: Dataset, row: int, weights: Mapping[str, NDArray[np.float64]]
) -> Members:
    """Return what comes out of every layer for a row, from 0, and the loss.

    weights: by parameter, shape (members,).
    """
    import torch

    members = len(next(iter(weights.values())))
    ensemble = Ensemble(members)
    x = torch.from_numpy(pixels(experiment, data, row, members))
    y = ensemble.targets(experiment.loss, to_predict(experiment, data)[row])
    flat = {p: torch.from_numpy(np.array(values)) for p, values in weights.items()}
    with torch.no_grad():
        found = TorchNet(experiment, ensemble).evaluate(x, y)(flat)
    return {name: [float(v) for v in values] for name, values in found.items()}
