"""The mean loss of all rows of data for many values of the weights at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.torch_side.ensemble import Ensemble
from xlsgd.torch_side.many_net import ManyNet
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MeanLosses"]

Floats = NDArray[np.float64]


class MeanLosses:
    """The loss of an experiment on some data, as a function of its weights."""

    def __init__(self, experiment: Experiment, data: Dataset) -> None:
        import torch

        self._experiment = experiment
        self.ensemble = Ensemble(MEMBERS)
        self._net = ManyNet(experiment)
        names = experiment.network.input_names
        self._x = torch.stack([self.ensemble.copies(data.inputs[x])[:, None] for x in names])
        self._y = self.ensemble.targets(experiment.loss, data.y)[:, None]

    def at(self, weights: Mapping[str, Floats]) -> Floats:
        """Return the mean loss.

        weights: of every parameter, shape (members, points) or (members, 1) each.
        """
        import torch

        every = [weights[p] for p in self._experiment.network.parameters]
        points = np.stack(np.broadcast_arrays(*every))[..., None]
        with torch.no_grad():
            given = torch.from_numpy(points.copy())
            losses = self._net.evaluate(given, self._x, self._y)["loss"]
            means = losses.mean(-1).numpy()
        rows = np.full(means.shape[1:], float(losses.shape[-1]))
        found: Floats = means * (1 + self.ensemble.moves_of_means(rows))
        return found

    def bends(self) -> list[Tensor]:
        """Return the second derivatives of the mean loss where all weights are 0, for every
        member: of a parabola they are the same everywhere."""
        import torch

        count = len(self._experiment.network.parameters)
        found = []
        for x, y in zip(self._x[:, :, 0].unbind(1), self._y[:, 0], strict=True):

            def mean(weights: Tensor, x: Tensor = x, y: Tensor = y) -> Tensor:
                return self._net.evaluate(weights[:, None], x, y)["loss"].mean()

            zeros = torch.zeros(count, dtype=torch.float64)
            found.append(torch.autograd.functional.hessian(mean, zeros))  # type: ignore[no-untyped-call]
        return found

    def moved(self, numbers: object) -> Floats:
        """Return numbers once for every member, moved by rounding, shape (members, …)."""
        copies: Floats = self.ensemble.copies(numbers).numpy()
        return copies
