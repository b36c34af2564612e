"""The sheet side of training: the columns of a training tab follow from its experiment."""

from __future__ import annotations

from dataclasses import replace

from xlsgd import chartable, collapsed, verdict
from xlsgd.columns import Column, Input, on_paper
from xlsgd.experiment import Experiment
from xlsgd.gradients import comparison_columns, gradient_input
from xlsgd.nets.network import map_nested

__all__ = ["ROWS", "inputs", "steps_columns"]


def inputs(experiment: Experiment) -> list[Input]:
    """Return what a reader may change on the tab of an experiment.

    First what all tabs have, so that it has the same place on all of them; then the optimizer's.
    """
    network = experiment.network
    batch = "rows per update; the gradient is the mean over them"
    return [
        Input(
            "learning_rate", experiment.learning_rate, "size of a step; change me first", minimum=0
        ),
        gradient_input(experiment.gradient),
        Input("h", experiment.h, "how far a numerical derivative moves a weight", positive=True),
        *(_start_input(experiment, p) for p in network.parameters),
        Input("batch_size", experiment.batch_size, batch, minimum=1)
        if experiment.batched
        else Input("batch_size", 1, "an update after every row", fixed=True),
        ROWS,
        Input("exploded_above", experiment.exploded_above, "a loss above this has exploded"),
        Input("chart_limit", experiment.chart_limit, "charts draw weights up to this", minimum=0),
        *(
            replace(given, value=experiment.hyperparameter(given.key))
            for given in experiment.optimizer.hyperparameters
        ),
        *(_start_input(experiment, name) for name in experiment.state_names),
    ]


ROWS = Input("rows", "=COUNT({data.y})", "rows of data", fixed=True)


def _start_input(experiment: Experiment, name: str) -> Input:
    is_parameter = name in experiment.network.parameters
    value: float | str = experiment.start.get(name, 0.0)
    if not is_parameter and name not in experiment.start:
        start = experiment.optimizer.start_state.replace("{p}", name.partition(".")[2])
        value = start if start.startswith("=") else float(start)
    note = f"start value of {name}" if is_parameter else f"{name} before the first step"
    return Input(f"init.{name}", value, note)


def steps_columns(experiment: Experiment) -> list[Column]:
    """Return the columns of the table with one row of data a row, in order of calculation."""
    network, loss = experiment.network, experiment.loss
    gradient = "grad_mean" if experiment.batched else "grad_used"
    return [
        *_position_columns(experiment),
        *_data_columns(experiment),
        *_parameter_columns(experiment),
        *_forward_columns(experiment),
        *collapsed.columns(network),
        Column(
            "loss",
            "=" + loss.forward("{pred}", "{y}"),
            paper=loss.paper,
            note=f"{loss.name} of this row",
            torch=loss.torch,
            group="forward",
        ),
        *(c for rule in experiment.rules for c in rule.columns(network, loss)),
        *comparison_columns(network),
        *(_batch_gradient_columns(experiment) if experiment.batched else ()),
        *(
            _only_at_batch_end(c, p) if experiment.batched else c
            for p in network.parameters
            for c in experiment.optimizer.columns(p, f"{gradient}.{p}")
        ),
        *verdict.columns(experiment),
        *chartable.columns(network),
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


def _parameter_columns(experiment: Experiment) -> list[Column]:
    return [
        Column(
            f"param.{p}",
            f"={{prev.new.{p}}}",
            paper=p,
            note=f"{p} before this row's update",
            torch=p,
            group="weights",
            first=f"={{init.{p}}}",
        )
        for p in experiment.network.parameters
    ]


def _forward_columns(experiment: Experiment) -> list[Column]:
    columns = []
    for place in experiment.network.places:
        x = [f"{{{name}}}" for name in place.inputs]
        parameters = {
            kind: map_nested("{{param.{}}}".format, names)
            for kind, names in place.parameters.items()
        }
        names = ", ".join(place.inputs)
        for quantity, text in zip(place.outputs, place.layer.forward(x, parameters), strict=True):
            paper = f"max(0, {place.inputs[0]})" if place.layer.name == "ReLU" else on_paper(text)
            columns.append(
                Column(
                    quantity,
                    f"={text}",
                    paper=paper,
                    note=f"{place.layer}: {place.layer.summary}"
                    + (", the prediction" if quantity == "pred" else ""),
                    torch=f"{quantity} = nn.{place.layer.name}(…)({names})",
                    group="forward",
                )
            )
    return columns


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
