"""The table ``line``: what the net makes of x, at the start and now, for a chart beside the points.

Shown where there is one x to draw over and one prediction to draw.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column
from xlsgd.data import Dataset
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets import Network
from xlsgd.training.quantities.clipped import on_chart, within
from xlsgd.training.trace import Trace

__all__ = ["POINTS", "has_line", "line_columns", "line_trace"]

POINTS = 25
"""Points of the line: enough for a kink to look like one."""

Floats = NDArray[np.float64]


def has_line(view: View) -> bool:
    """Return whether a tab shows the line: predictions are one over one x."""
    network = view.experiment.network
    single = network.inputs == 1 and len(network.predictions) == 1
    return network.takes_data and single and not view.earlier_format


# Sheet side


def line_columns(network: Network, batched: bool = False) -> list[Column]:
    """Return the columns of the table, in order of calculation.

    batched: whether steps may have several rows; weights are new in the last.
    """
    (x,) = network.input_names

    def column(quantity: str, formula: str, paper: str, note: str, torch: str) -> Column:
        first = "1" if quantity == "point" else None
        return Column(quantity, formula, paper, note, torch, group="the line", first=first)

    def predicted(parameter: str) -> str:
        (text,) = network.predicted(parameter.format, lambda name: "{line_x}")
        return f"={text}"

    # Not the last cell: it may be deleted, and its column shrinks. Nor the cell at so many rows as
    # there are: a reader may have put empty ones between.
    last = "MATCH(MAX({{steps.step}}),{{steps.step}},0)"
    last += "+COUNTIF({{steps.step}},MAX({{steps.step}}))-1" if batched else ""
    low, high = f"MIN({{data.{x}}})", f"MAX({{data.{x}}})"
    return [
        column("point", "={prev.point}+1", f"1 … {POINTS}", "number of a point", "point"),
        column(
            "line_x",
            f"={low}+({{point}}-1)*({high}-{low})/{POINTS - 1}",
            f"from the least {x} to the greatest",
            f"{x} of a point of the line",
            f"torch.linspace({x}.min(), {x}.max(), {POINTS})",
        ),
        column(
            "line_start",
            predicted("{{init.{}}}"),
            "pred at the start weights",
            "what the net makes of it before it has learned anything",
            "net_at(start weights)(line_x)",
        ),
        column(
            "line_now",
            predicted("SUM(INDEX({{steps.new.{}}}," + last + "))"),
            "pred at the last weights",
            "what the net makes of it after the last step",
            "net(line_x)",
        ),
        column(
            "plot.line",
            f"={within('{line_now}')}",
            "line_now, up to ± chart_limit",
            "the line for the chart: it ends where it leaves the picture",
            "torch.where(line_now.abs() <= chart_limit, line_now, torch.nan)",
        ),
    ]


# Torch side


def line_trace(
    experiment: Experiment, data: Dataset, last: Mapping[str, Floats], limit: float
) -> Trace:
    """Return what torch has for the table.

    last: every weight after the last step, shape (members,).   limit: how far charts draw.
    """
    import torch

    from xlsgd.torch_side import Ensemble, TorchNet

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
