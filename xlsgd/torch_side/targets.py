"""What is to be predicted, as torch takes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.training.experiment import Experiment

__all__ = ["columns_to_predict", "to_predict"]


def columns_to_predict(experiment: Experiment, data: Dataset) -> tuple[tuple[float, ...], ...]:
    """Return the targets that an experiment's predictions are compared with.

    A network with one prediction learns the first of several targets.
    """
    return data.targets[: len(experiment.targets)]


def to_predict(experiment: Experiment, data: Dataset) -> NDArray[np.float64]:
    """Return them as one array, shape (rows,), or (rows, targets) where there are several."""
    columns = np.array(columns_to_predict(experiment, data), dtype=np.float64)
    return columns[0] if len(columns) == 1 else columns.T.copy()
