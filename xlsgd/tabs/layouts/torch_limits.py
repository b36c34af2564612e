"""The limits that a tab works out from data and start weights, by torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xlsgd.data import Dataset
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side import Ensemble, TorchNet, load_torch
from xlsgd.torch_side.batch_loss import weights_of
from xlsgd.torch_side.targets import columns_to_predict, to_predict
from xlsgd.training.experiment import Experiment
from xlsgd.verdict.threshold import RunLimits, chart_limit, explosion_threshold

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["limits_of", "losses_added_up", "start_losses"]


def limits_of(view: View, data: Dataset) -> RunLimits:
    """Return the limits of a run: those that are typed in, and those that its tab works out from
    data and start weights.

    Raises SpecError for a y whose square no cell can hold.
    """
    experiment, found = view.experiment, dict(view.typed)
    targets = columns_to_predict(experiment, data)
    if "exploded_above" not in found:
        worst = _worst_start(view, data)
        found["exploded_above"] = explosion_threshold(
            experiment.loss, targets, worst, losses_added_up(view)
        )
    if "chart_limit" not in found:
        start = [experiment.start.get(p, 0.0) for p in experiment.network.parameters]
        found["chart_limit"] = chart_limit(experiment.network, targets, start)
    return RunLimits(**found)


def losses_added_up(view: View) -> int:
    """Return how many losses a loss in the table of steps adds up: of rows, and of targets."""
    return get_layout(view.layout).rows_added_up(view.experiment) * view.experiment.added_up


def _worst_start(view: View, data: Dataset) -> float:
    """Return the greatest loss that the tab shows at the start weights."""
    experiment, ensemble = view.experiment, Ensemble(1)
    load_torch()
    inputs = np.array([data.inputs[name] for name in experiment.network.input_names]).T
    x, y = ensemble.copies(inputs), ensemble.targets(experiment.loss, to_predict(experiment, data))
    losses = start_losses(experiment, TorchNet(experiment, ensemble), ensemble, x, y)[0].numpy()
    weights = weights_of(experiment, y[0])
    counts = np.ones(len(losses)) if weights is None else weights.numpy()
    with np.errstate(all="ignore"):
        return get_layout(view.layout).worst_start(losses, experiment, counts)


def start_losses(
    experiment: Experiment, net: TorchNet, ensemble: Ensemble, x: Tensor, y: Tensor
) -> Tensor:
    """Return every row's loss at the start weights, shape (members, rows).

    x: shape (members, rows, inputs).   y: shape (members, rows), or (members, rows, targets).
    """
    shape = x.shape[:2]
    weights = {
        p: ensemble.copies([experiment.start.get(p, 0.0)]).expand(shape).reshape(-1)
        for p in experiment.network.parameters
    }
    evaluate = net.evaluate(x.flatten(0, 1), y.flatten(0, 1))
    return evaluate(weights)["loss"].detach().reshape(shape)
