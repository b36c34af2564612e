"""One row of the table is one row of data: all that a step takes stands beside each other."""

from __future__ import annotations

from dataclasses import replace

from xlsgd import verdict
from xlsgd.base.columns import Column, Input
from xlsgd.tabs.layouts.layout import (
    ROWS,
    Layout,
    forward_columns,
    loss_column,
    parameter_columns,
    update_columns,
)
from xlsgd.tabs.layouts.rows.curvature import curvature_column
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import comparison_columns, gradient_input
from xlsgd.training.quantities import clipped, one_line
from xlsgd.verdict.threshold import chart_limit_input, exploded_above_input

__all__ = ["LAYOUT", "RowsLayout"]


class RowsLayout(Layout):
    """Right for few weights: every row has the weights, both derivatives, and the update."""

    name = "rows"
    order = 1
    summary = "a row of the table for every row of data: weights, derivatives, update"

    def inputs(self, experiment: Experiment) -> list[Input]:
        network = experiment.network
        batch = "rows per update; the gradient is the mean over them"
        return [
            self.rate_input(experiment),
            gradient_input(experiment.gradient),
            Input(
                "h", experiment.h, "how far a numerical derivative moves a weight", positive=True
            ),
            *(self.start_input(experiment, p) for p in network.parameters),
            Input("batch_size", experiment.batch_size, batch, minimum=1)
            if experiment.batched
            else Input("batch_size", 1, "an update after every row", fixed=True),
            ROWS,
            exploded_above_input(experiment, self.watched(experiment)),
            chart_limit_input(experiment),
            *self.hyperparameter_inputs(experiment),
        ]

    def gradient(self, p: str) -> str:
        return f"grad_used.{p}"

    def watched(self, experiment: Experiment) -> verdict.Watched:
        parameters, silences = experiment.network.parameters, experiment.network.silences
        return verdict.Watched(
            units={unit: s.signal(f"{{{unit}}}") for unit, s in silences.items()},
            silences=silences,
            numerical=tuple(f"grad_num.{p}" for p in parameters),
            backprop=tuple(f"grad.{p}" for p in parameters),
            gradients={p: f"grad_used.{p}" for p in parameters},
            completed="COUNTIF({steps.row},{rows})",
            mean_loss="IF(COUNTIF({steps.epoch},{epoch})=0,NA(),"
            "AVERAGEIF({steps.epoch},{epoch},{steps.loss}))",
            start_loss="AVERAGEIF({steps.epoch},1,{steps.start_loss})",
            worst_start="MAX({steps.start_loss})",
            curvature=curvature_column(experiment) is not None,
            reading=experiment.loss.reading,
            start_column=experiment.loss.of_row(
                experiment.network.predicted("{{init.{}}}".format), "{y}"
            ),
        )

    def lengths(self, experiment: Experiment, rows: int) -> dict[str, int]:
        return {"steps": experiment.epochs * rows, "epochs": experiment.epochs}

    def tables(self, experiment: Experiment) -> dict[str, list[Column]]:
        watched = self.watched(experiment)
        return {
            "steps": _steps_columns(experiment, watched),
            "epochs": verdict.epoch_columns(watched),
        }


LAYOUT = RowsLayout()


def _steps_columns(experiment: Experiment, watched: verdict.Watched) -> list[Column]:
    """Return the columns of the table with one row of data a row, in order of calculation."""
    network, loss = experiment.network, experiment.loss
    gradient = "grad_mean" if experiment.batched else "grad_used"
    return [
        *_position_columns(experiment),
        *_data_columns(experiment),
        *parameter_columns(experiment),
        *forward_columns(network.places, "{{param.{}}}".format, "{{{}}}".format),
        *one_line.columns(network),
        loss_column(experiment, "{y}"),
        *(c for rule in experiment.rules for c in rule.columns(network, loss)),
        *comparison_columns(network),
        *(_batch_gradient_columns(experiment) if experiment.batched else ()),
        *experiment.schedule.columns(),
        *(
            _only_at_batch_end(c, p) if experiment.batched else c
            for p in network.parameters
            for c in update_columns(experiment, p, f"{gradient}.{p}")
        ),
        *((overshoot,) if (overshoot := curvature_column(experiment)) else ()),
        *verdict.columns(watched),
        *clipped.columns(network),
    ]


def _position_columns(experiment: Experiment) -> list[Column]:
    """Where we are: which step, epoch and row of data."""

    def position(
        quantity: str, formula: str, first: str, paper: str, note: str, torch: str
    ) -> Column:
        return Column(quantity, formula, paper, note, torch, group="where we are", first=first)

    columns = [
        position(
            "step",
            "=IF({prev.batch_end}=1,{prev.step}+1,{prev.step})"
            if experiment.batched
            else "={prev.step}+1",
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
    if experiment.batched:
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
            f"=INDEX({{data.{name}}},{{row}})",
            paper=f"{name} of this row",
            note=f"{name} from the data tab" + ("" if name != "y" else ": what is to be predicted"),
            torch=f"{name}[row - 1]",
            group="data",
        )
        for name in (*experiment.network.input_names, "y")
    ]


def _batch_gradient_columns(experiment: Experiment) -> list[Column]:
    columns = []
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
            )
        )
    for p in experiment.network.parameters:
        columns.append(
            Column(
                f"grad_mean.{p}",
                f"={{grad_sum.{p}}}/{{batch_row}}",
                paper="sum / rows so far",
                note=f"mean derivative for {p} over the rows of the batch so far",
                torch=f"loss.mean().backward(); {p}.grad",
                group="batch",
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
