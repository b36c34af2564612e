"""One row of the table is one row of data: all that a step takes stands beside each other."""

from __future__ import annotations

from dataclasses import replace

from xlsgd import verdict
from xlsgd.base.columns import Column
from xlsgd.tabs.layouts.layout import (
    forward_columns,
    loss_column,
    parameter_columns,
    row_weight_columns,
)
from xlsgd.tabs.layouts.rows.curvature import curvature_column
from xlsgd.tabs.layouts.update import step_columns, update_columns
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import comparison_columns, slope_symbol
from xlsgd.training.quantities import clipped, one_line

__all__ = ["batch_gradient", "steps_columns"]


def batch_gradient(view: View) -> str:
    """Return the quantity that holds the gradient of a step, without the parameter."""
    if not view.batched:
        return "grad_used"
    return "grad_sum" if view.experiment.loss.is_summed else "grad_mean"


def steps_columns(view: View, evidence: verdict.Evidence) -> list[Column]:
    """Return the columns of the table with one row of data a row, in order of calculation."""
    experiment = view.experiment
    network, loss = experiment.network, experiment.loss
    gradient = batch_gradient(view)
    return [
        *_position_columns(view.batched),
        *_data_columns(experiment),
        *parameter_columns(experiment),
        *forward_columns(network, "{{param.{}}}".format, "{{{}}}".format),
        *one_line.columns(network),
        *row_weight_columns(experiment, "{{{}}}".format),
        loss_column(experiment, "{{{}}}".format),
        *(c for rule in experiment.rules for c in rule.columns(network, loss)),
        *comparison_columns(network),
        *(_batch_gradient_columns(experiment) if view.batched else ()),
        *step_columns(experiment, gradient),
        *(
            _only_at_batch_end(c, p) if view.batched and p in experiment.trained else c
            for p in network.parameters
            for c in update_columns(experiment, p, gradient)
        ),
        *((overshoot,) if (overshoot := curvature_column(view)) else ()),
        *verdict.columns(evidence),
        *clipped.columns(network, view.formats_ago > 1, view.formats_ago > 0),
    ]


def _position_columns(batched: bool) -> list[Column]:
    """Where we are: which step, epoch and row of data."""

    def position(
        quantity: str, formula: str, first: str, paper: str, note: str, torch: str
    ) -> Column:
        return Column(quantity, formula, paper, note, torch, group="where we are", first=first)

    columns = [
        position(
            "step",
            "=IF({prev.batch_end}=1,{prev.step}+1,{prev.step})" if batched else "={prev.step}+1",
            "1",
            "step before + 1",
            "number of the update, from 1",
            "for step, (x, y) in enumerate(batches, 1):",
        ),
        position(
            "epoch",
            "=IF({prev.row}={rows},{prev.epoch}+1,{prev.epoch})",
            "1",
            "+1 after the last row",
            "how often the data has been begun",
            "for epoch in range(1, epochs + 1):",
        ),
        position(
            "row",
            "=IF({prev.row}={rows},1,{prev.row}+1)",
            "1",
            "1 … rows, again and again",
            "row of the data tab, counted from its first row of numbers",
            "for row in range(1, rows + 1):",
        ),
    ]
    if batched:
        columns += [
            position(
                "batch_row",
                "=IF({prev.batch_end}=1,1,{prev.batch_row}+1)",
                "1",
                "1 … batch_size",
                "how many rows of this batch have been seen",
                "for i, (x, y) in enumerate(batch, 1):",
            ),
            replace(
                position(
                    "batch_end",
                    "=IF(OR({batch_row}={batch_size},{row}={rows}),1,0)",
                    "",
                    "batch full or data at its end",
                    "1 where the batch is complete and the update happens",
                    "len(batch) == batch_size or row == rows",
                ),
                first=None,
            ),
        ]
    return columns


def _data_columns(experiment: Experiment) -> list[Column]:
    return [
        Column(
            name,
            f"=AVERAGE(INDEX({{data.{name}}},{{row}}))",
            paper=f"{name} of this row",
            note=f"{name} from the data tab"
            + (": what is to be predicted" if name in experiment.targets else ""),
            torch=f"{name}[row - 1]",
            group="data",
        )
        for name in (*experiment.network.input_names, *experiment.targets)
    ]


def _batch_gradient_columns(experiment: Experiment) -> list[Column]:
    columns, divisor, words = [], "batch_row", "rows"
    if experiment.loss.weighs:
        divisor, words = "weight_sum", "weights"
        columns.append(
            Column(
                "weight_sum",
                "=IF({batch_row}=1,0,{prev.weight_sum})+{row_weight}",
                first="={row_weight}",
                paper="sum of row_weight in the batch",
                note="the weights of the rows added up since the batch began: what a mean is "
                "divided by",
                torch="w[y].sum()",
                group="batch",
            )
        )
    for p in experiment.network.parameters:
        columns.append(
            Column(
                f"grad_sum.{p}",
                f"=IF({{batch_row}}=1,0,{{prev.grad_sum.{p}}})+{{grad_used.{p}}}",
                first=f"={{grad_used.{p}}}",
                paper=f"sum of grad_used.{p} in the batch",
                note=f"derivatives for {p} added up since the batch began; "
                "forget to start again at 0 and they add up for ever",
                torch=f"(loss / 1).backward(); {p}.grad  # adds up until zero_grad()",
                group="batch",
                symbol=f"Σ {slope_symbol(p)}",
            )
        )
    for p in () if experiment.loss.is_summed else experiment.network.parameters:
        columns.append(
            Column(
                f"grad_mean.{p}",
                f"={{grad_sum.{p}}}/{{{divisor}}}",
                paper=f"sum / {words} so far",
                note=f"mean derivative for {p} over the rows of the batch so far",
                torch=f"loss.mean().backward(); {p}.grad",
                group="batch",
                symbol=f"mean {slope_symbol(p)}",
            )
        )
    return columns


def _only_at_batch_end(column: Column, p: str) -> Column:
    """Let a column of the optimizer wait for the last row of its batch."""
    kind = column.quantity.partition(".")[0]
    if kind.endswith("_hat"):
        return column  # follows from the others, no memory of its own
    waiting = f"{{param.{p}}}" if kind == "new" else f"{{prev.{column.quantity}}}"
    return replace(column, formula=f"=IF({{batch_end}}=1,{column.formula[1:]},{waiting})")
