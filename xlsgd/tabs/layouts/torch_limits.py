"""The limits that a tab works out from data and start weights, by torch."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from xlsgd.data import Dataset
from xlsgd.tabs.layouts import get_layout
from xlsgd.torch_side import Ensemble, TorchNet, load_torch
from xlsgd.training.experiment import Experiment, LimitedExperiment
from xlsgd.verdict.threshold import chart_limit, explosion_threshold

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["start_losses", "with_limits"]


def with_limits(experiment: Experiment, data: Dataset) -> LimitedExperiment:
    """Return the experiment with the limits that its tab works out from data and start weights
    where it has none: the loss that counts as exploded, and how far out charts draw weights.

    Raises SpecError for a y whose square no cell can hold.
    """
    if isinstance(experiment, LimitedExperiment):
        return experiment
    above, furthest = experiment.exploded_above, experiment.chart_limit
    if above is None:
        above = explosion_threshold(experiment.loss, data.y, _worst_start(experiment, data))
    if furthest is None:
        start = [experiment.start.get(p, 0.0) for p in experiment.network.parameters]
        furthest = chart_limit(experiment.network, data.y, start)
    given = {each.name: getattr(experiment, each.name) for each in fields(experiment)}
    return LimitedExperiment(**{**given, "exploded_above": above, "chart_limit": furthest})


def _worst_start(experiment: Experiment, data: Dataset) -> float:
    """Return the greatest loss that the tab shows at the start weights."""
    ensemble = Ensemble(1)
    load_torch()
    inputs = np.array([data.inputs[name] for name in experiment.network.input_names]).T
    x, y = ensemble.copies(inputs), ensemble.targets(experiment.loss, data.y)
    losses = start_losses(experiment, TorchNet(experiment, ensemble), ensemble, x, y)[0].numpy()
    with np.errstate(all="ignore"):
        return get_layout(experiment.layout).worst_start(losses, experiment)


def start_losses(
    experiment: Experiment, net: TorchNet, ensemble: Ensemble, x: Tensor, y: Tensor
) -> Tensor:
    """Return every row's loss at the start weights, shape (members, rows).

    x: shape (members, rows, inputs).   y: shape (members, rows).
    """
    weights = {
        p: ensemble.copies([experiment.start.get(p, 0.0)]).expand(y.shape).reshape(-1)
        for p in experiment.network.parameters
    }
    evaluate = net.evaluate(x.reshape(-1, x.shape[-1]), y.reshape(-1))
    return evaluate(weights)["loss"].detach().reshape(y.shape)
