"""The table ``line``: what the net makes of x, at the start and now, for a chart beside the points.

Shown where there is one x to draw over and one prediction to draw.
"""

from __future__ import annotations

from xlsgd.base.columns import Column
from xlsgd.tabs.view import View
from xlsgd.training.nets import Network
from xlsgd.training.quantities.clipped import within

__all__ = ["POINTS", "has_line", "line_columns"]

POINTS = 25
"""Points of the line: enough for a kink to look like one."""


def has_line(view: View) -> bool:
    """Return whether a tab shows the line: predictions are one over one x."""
    network = view.experiment.network
    single = network.inputs == 1 and len(network.predictions) == 1
    return network.takes_data and single and view.formats_ago < 2


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
