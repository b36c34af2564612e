"""What torch has for a curve tab: the function at many weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.curve.columns import POINTS
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS

__all__ = ["bend_and_rate", "points"]

Floats = NDArray[np.float64]


def points(
    experiment: Experiment, place: Floats, low: float, high: float, at: Floats
) -> dict[str, Floats]:
    """Return the columns of the points, shape (members, rows) each.

    place: numbers of the points.   low, high: between which the curve is drawn.
    at: the weights at which the function is asked for.
    """
    import torch

    from xlsgd.torch_side import Ensemble
    from xlsgd.training.functions.landscape import Landscape

    ensemble = Ensemble(MEMBERS)
    asked = ensemble.copies(at)
    landscape = Landscape(experiment.network, stacked=False)
    with torch.no_grad():
        curve = landscape.value([asked])
        begin, end = (ensemble.copies([limit]) for limit in (low, high))
        steps = torch.from_numpy(place - 1)
        between = begin + (end - begin) * steps / (POINTS - 1)
    return {
        "point": np.broadcast_to(place, asked.shape),
        "at": between.numpy(),
        "curve": curve.expand(asked.shape).numpy(),
    }


def bend_and_rate(experiment: Experiment, where: float) -> dict[str, list[float | str]]:
    """Return the second derivative at a weight, and the largest rate that it allows, for every
    member."""
    from xlsgd.torch_side import Ensemble
    from xlsgd.training.functions.landscape import Landscape

    asked = Ensemble(MEMBERS).copies([where])
    (found,) = Landscape(experiment.network, stacked=False).bends([asked])
    bends = [float(bend) for bend in found[:, 0]]
    rates: list[float | str] = [2 / bend if bend > 0 else "none" for bend in bends]
    return {"bend": list(bends), "largest_rate": rates}
