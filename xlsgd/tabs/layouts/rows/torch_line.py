"""What torch has for the table ``line``: what the net makes of x, at the start and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.layouts.rows.line import POINTS
from xlsgd.torch_side import Ensemble, TorchNet
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities.clipped import on_chart
from xlsgd.training.trace import Trace

if TYPE_CHECKING:
    import torch

__all__ = ["line_trace"]

Floats = NDArray[np.float64]


def line_trace(
    experiment: Experiment, data: Dataset, last: Mapping[str, Floats], limit: float
) -> Trace:
    """Return what torch has for the table.

    last: every weight after the last step, shape (members,).   limit: how far charts draw.
    """
    import torch

    ensemble = Ensemble(len(next(iter(last.values()))))
    net = TorchNet(experiment, ensemble)
    (name,) = experiment.network.input_names
    (pred,) = experiment.network.predictions
    x = ensemble.copies(np.array(data.inputs[name]))
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    share = torch.arange(POINTS, dtype=torch.float64) / (POINTS - 1)
    line = low + share * (high - low)

    def predictions(weights: Mapping[str, torch.Tensor]) -> Floats:
        evaluate = net.evaluate(line.reshape(-1, 1), torch.zeros(line.numel(), dtype=line.dtype))
        every = {p: w.unsqueeze(-1).expand(line.shape).reshape(-1) for p, w in weights.items()}
        found: Floats = evaluate(every)[pred].detach().reshape(line.shape).numpy()
        return found

    names = experiment.network.parameters
    start = {p: ensemble.copies([experiment.start.get(p, 0.0)])[:, 0] for p in names}
    now = predictions({p: torch.from_numpy(last[p]) for p in names})
    point = np.broadcast_to(np.arange(1.0, POINTS + 1), line.shape)
    return Trace(
        {
            "point": point,
            "line_x": line.numpy(),
            "line_start": predictions(start),
            "line_now": now,
            "plot.line": on_chart(now, limit),
        }
    )
