"""What is added up in a batch, row by row, and what it is divided by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.torch_side.batch_loss import weights_of
from xlsgd.torch_side.targets import to_predict
from xlsgd.training.experiment import Experiment

__all__ = ["batch_means", "counted"]

Floats = NDArray[np.float64]


def counted(
    experiment: Experiment, data: Dataset, place: Mapping[str, NDArray[np.int64]]
) -> dict[str, Floats]:
    """Return how many times every row counts, and that added up since its batch began."""
    import torch

    y = torch.from_numpy(to_predict(experiment, data))
    weights = weights_of(experiment, y)
    if weights is None:
        return {"weight_sum": place["batch_row"].astype(float)}
    found = {"row_weight": weights.numpy()[place["row"] - 1]}
    begins = np.arange(len(place["row"])) - place["batch_row"] + 1
    sums = [found["row_weight"][begin : i + 1].sum() for i, begin in enumerate(begins)]
    return {**found, "weight_sum": np.array(sums)}


def batch_means(
    experiment: Experiment,
    data: Dataset,
    values: Mapping[str, Floats],
    place: Mapping[str, NDArray[np.int64]],
) -> dict[str, Floats]:
    """Return the sums of gradients since each batch began, and the means where they count."""
    found, counts = {}, counted(experiment, data, place)
    for p in experiment.network.parameters:
        gradient = values[f"grad_used.{p}"]
        total = np.empty_like(gradient)
        with np.errstate(all="ignore"):
            for i, batch_row in enumerate(place["batch_row"]):
                earlier = 0.0 if batch_row == 1 else total[:, i - 1]
                total[:, i] = earlier + gradient[:, i]
            found[f"grad_sum.{p}"] = total
            if not experiment.loss.is_summed:
                found[f"grad_mean.{p}"] = total / counts["weight_sum"]
    return found
