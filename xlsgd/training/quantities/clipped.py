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
    "drawn_loss",
    "loss_column",
    "loss_formula",
    "on_chart",
    "quantities",
    "within",
]

Floats = NDArray[np.float64]

# A log axis takes neither 0 nor #NUM!. Everything of interest lies between these two.
LOWEST_LOSS, HIGHEST_LOSS = 1e-12, 1e12


def loss_formula(loss: str, to_the_edge: bool = False) -> str:
    """Sheet side: return the expression of a loss as long as it is on a chart.

    to_the_edge: whether it stays at the edge from there on, as earlier versions had it.
    """
    if to_the_edge:
        return f"IF(ISNUMBER({loss}),MAX(10^-12,MIN(10^12,{loss})),10^12)"
    return f"IF(ISNUMBER({loss}),IF({loss}<=10^12,MAX(10^-12,{loss}),NA()),NA())"


def columns(
    network: Network, to_the_edge: bool = False, loss_to_the_edge: bool = False
) -> list[Column]:
    """Sheet side: the loss and the weights as long as they are on a chart.

    to_the_edge, loss_to_the_edge: whether weights, or the loss, are cut off where it ends and go on
    along its edge, as earlier versions had it.
    """
    weights = [
        Column(
            f"plot.{p}",
            "=" + (_to_the_edge if to_the_edge else within)(f"{{param.{p}}}"),
            paper=f"{p}, up to ± chart_limit",
            note=f"{p} for the chart: "
            + ("cut off" if to_the_edge else "its line ends")
            + " where it leaves the picture",
            torch=f"{p}.clamp(-chart_limit, chart_limit)"
            if to_the_edge
            else f"torch.where({p}.abs() <= chart_limit, {p}, torch.nan)",
            group="for the charts",
        )
        for p in network.parameters
    ]
    return [loss_column(loss_to_the_edge), *weights]


def within(number: str) -> str:
    """Sheet side: return the expression of a number as long as it is on a chart."""
    return f"IF(ISNUMBER({number}),IF(ABS({number})<={{chart_limit}},{number},NA()),NA())"


def _to_the_edge(number: str) -> str:
    return (
        f"IF(ISNUMBER({number}),"
        f"MAX(-{{chart_limit}},MIN({{chart_limit}},{number})),{{chart_limit}})"
    )


def loss_column(to_the_edge: bool = False) -> Column:
    """Sheet side: the loss as long as it is on a chart."""
    return Column(
        "plot.loss",
        "=" + loss_formula("{loss}", to_the_edge),
        paper="loss, up to 10^12",
        note="the loss for the chart: no less than 10^-12, as a log axis has no 0, and its line "
        "ends above 10^12",
        torch="torch.where(loss <= 1e12, loss.clamp(min=1e-12), torch.nan)",
        group="for the charts",
    )


def quantities(
    network: Network,
    values: Mapping[str, Floats],
    limit: float,
    to_the_edge: bool = False,
    loss_to_the_edge: bool = False,
) -> dict[str, Floats]:
    """Torch side: the same from a trace."""
    weights = {f"plot.{p}": values[f"param.{p}"] for p in network.parameters}
    plot = {
        name: clip(v, -limit, limit) if to_the_edge else on_chart(v, limit)
        for name, v in weights.items()
    }
    return {"plot.loss": drawn_loss(values["loss"], loss_to_the_edge), **plot}


def on_chart(values: Floats, limit: float) -> Floats:
    """Return values where they are within ± limit, nan where they are not."""
    with np.errstate(all="ignore"):
        shown: Floats = np.where(np.abs(values) <= limit, values, np.nan)
    return shown


def drawn_loss(loss: Floats, to_the_edge: bool = False) -> Floats:
    """Return losses where they are on a chart, nan above it; see ``loss_formula``."""
    if to_the_edge:
        return clip(loss, LOWEST_LOSS, HIGHEST_LOSS)
    with np.errstate(all="ignore"):
        shown: Floats = np.where(
            np.isfinite(loss) & (loss <= HIGHEST_LOSS), np.maximum(LOWEST_LOSS, loss), np.nan
        )
    return shown


def clip(values: Floats, low: float, high: float) -> Floats:
    """Return values kept within low and high, high where they are not finite.

    Should low be above high, low counts, as MAX around MIN has it.
    """
    return np.where(np.isfinite(values), np.maximum(low, np.minimum(high, values)), high)
