"""Numbers fit for a chart: an exploding run must not squeeze everything else into a flat line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column
from xlsgd.training.nets import Network

__all__ = [
    "HIGHEST_LOSS",
    "LOWEST_LOSS",
    "columns",
    "loss_column",
    "loss_formula",
    "quantities",
]

Floats = NDArray[np.float64]

# A log axis takes neither 0 nor #NUM!. Everything of interest lies between these two.
LOWEST_LOSS, HIGHEST_LOSS = 1e-12, 1e12


def loss_formula(loss: str) -> str:
    """Sheet side: return the expression of a loss kept within what a chart shows."""
    return f"IF(ISNUMBER({loss}),MAX(10^-12,MIN(10^12,{loss})),10^12)"


def columns(network: Network) -> list[Column]:
    """Sheet side: the loss and the weights, cut off where a chart ends."""
    weights = [
        Column(
            f"plot.{p}",
            f"=IF(ISNUMBER({{param.{p}}}),"
            f"MAX(-{{chart_limit}},MIN({{chart_limit}},{{param.{p}}})),{{chart_limit}})",
            paper=f"{p}, up to ± chart_limit",
            note=f"{p} for the chart: cut off where it leaves the picture",
            torch=f"{p}.clamp(-chart_limit, chart_limit)",
            group="for the charts",
        )
        for p in network.parameters
    ]
    return [loss_column(), *weights]


def loss_column() -> Column:
    """Sheet side: the loss, cut off where a chart ends."""
    return Column(
        "plot.loss",
        "=" + loss_formula("{loss}"),
        paper="loss, 10^-12 … 10^12",
        note="the loss for the chart: a log axis takes neither 0 nor #NUM!",
        torch="loss.clamp(1e-12, 1e12)",
        group="for the charts",
    )


def quantities(network: Network, values: Mapping[str, Floats], limit: float) -> dict[str, Floats]:
    """Torch side: the same from a trace; what is not finite is drawn at the top."""
    plot = {f"plot.{p}": clip(values[f"param.{p}"], -limit, limit) for p in network.parameters}
    return {"plot.loss": clip_loss(values["loss"]), **plot}


def clip_loss(loss: Floats) -> Floats:
    """Return losses kept within what a chart shows."""
    return clip(loss, LOWEST_LOSS, HIGHEST_LOSS)


def clip(values: Floats, low: float, high: float) -> Floats:
    """Return values kept within low and high, high where they are not finite.

    Should low be above high, low counts, as MAX around MIN has it.
    """
    return np.where(np.isfinite(values), np.maximum(low, np.minimum(high, values)), high)
