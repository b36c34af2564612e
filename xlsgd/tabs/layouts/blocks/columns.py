"""One row of the table is one step, and beside it stands a block of rows for every epoch.

Right for many weights and large batches: the weights of a step stand once, in its row, and a
block shows what becomes of every row of data under them. Then the derivatives of the rows are
averaged into the step's.

Names in templates, besides those of xlsgd.base.columns:

    {step.param.a}    in a block: the cell of the step that the row of data belongs to
    {row.x}           in a block: the cell of this row on the data tab
    {batch.loss}      in a step: the cells of its batch, of a block or of the data tab
    {block.loss}      in an epoch: the cells of its whole block, or of the data tab
    {header.grad.a}   the header of a column
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd import verdict
from xlsgd.base.columns import Column, fill, is_name, on_paper
from xlsgd.tabs.layouts.layout import (
    forward_columns,
    loss_column,
    parameter_columns,
    row_weight_columns,
)
from xlsgd.tabs.layouts.update import step_columns, update_columns
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import gradient_rules, slope_symbol
from xlsgd.training.gradients.backprop import Backprop, written_out
from xlsgd.training.losses import Loss
from xlsgd.training.quantities import clipped
from xlsgd.training.quantities.accuracy import PAPER, accuracy, note, torch_line

__all__ = [
    "BLOCK",
    "block_columns",
    "block_name",
    "moves_by_columns",
    "row_gradients",
    "steps_columns",
]

BLOCK = "block."
"""How the names of the tables begin that are blocks."""

_STEP, _ROW = "{{step.param.{}}}".format, "{{row.{}}}".format


_LONG = 400
"""Characters of a prediction in one formula that can still be read."""


def block_name(epoch: int) -> str:
    """Return the name of the table that shows an epoch, counted from 1."""
    return f"{BLOCK}{epoch}"


def _backprop() -> Backprop:
    rule = gradient_rules()["backprop"]
    assert isinstance(rule, Backprop)
    return rule


def block_columns(experiment: Experiment) -> list[Column]:
    """Return what a block shows of every row of data, in order of calculation."""
    network, loss = experiment.network, experiment.loss
    return [
        *forward_columns(network, _STEP, _ROW),
        *row_weight_columns(experiment, _ROW),
        loss_column(experiment, _ROW),
        *(
            column
            for way, sign in experiment.rules[0].shifts.items()
            for column in _moved_columns(experiment, way, sign)
        ),
        *_backprop().flow_columns(network, loss, _STEP, _ROW),
        *_row_gradient_columns(experiment),
    ]


def moves_by_columns(experiment: Experiment) -> bool:
    """Return whether the forward pass with one weight moved has columns of its own.

    In one formula, a net of several layers writes down a number as often as it is used.
    """
    network = experiment.network
    if not network.is_graph and sum(map(bool, (p.parameters for p in network.places))) < 2:
        return False
    texts = network.predicted(_STEP, _ROW)
    loss = experiment.loss.of_row(texts, list(map(_ROW, experiment.targets)))
    return max(map(len, texts)) > _LONG or len(loss) > 2 * _LONG


def _moved_columns(experiment: Experiment, way: str, sign: str) -> list[Column]:
    """Return the loss of a row with one weight moved, and what it takes."""
    network, loss = experiment.network, experiment.loss

    def moved(p: str) -> str:
        return f"{{step.{way}.{p}}}"

    words = "greater" if sign == "+" else "less"
    if moves_by_columns(experiment):
        inner = {name for place in network.places for name in place.outputs}

        def template(name: str) -> str:
            ends = name.split(":")
            return f"{{{':'.join(f'{way}.{n}' if n in inner else n for n in ends)}}}"

        columns = [
            replace(
                column,
                quantity=f"{way}.{column.quantity}",
                formula=fill(column.formula, template),
                note=f"{column.quantity}, if the weight named in derivative_of were {words} by h",
                group="numerical derivative",
                symbol="",
            )
            for column in forward_columns(network, moved, _ROW)
        ]
        predictions = [f"{{{way}.{name}}}" for name in network.predictions]
    else:
        columns, predictions = [], network.predicted(moved, _ROW)
    return [
        *columns,
        Column(
            f"loss_{way}",
            "=" + loss.of_row(predictions, list(map(_ROW, experiment.targets))),
            paper=f"loss at weight {sign} h".replace("-", "−"),
            note=f"the loss of this row if the weight named in derivative_of were {words} by h",
            torch=f"loss_at(weight {sign} h)",
            group="numerical derivative",
        ),
    ]


def row_gradients(experiment: Experiment) -> dict[str, str]:
    """Return the expression of a row's derivative for those weights whose derivative is no sum of
    products of columns, so that the rows of a batch need a column for it."""
    return {
        p: written_out(terms)
        for p, terms in _terms(experiment).items()
        if not all(map(is_name, (factor for term in terms for factor in term)))
    }


def _terms(experiment: Experiment) -> dict[str, list[list[str]]]:
    """Return what the derivative of every weight that learns is made of."""
    every = _backprop().parameter_terms(experiment.network)
    return {p: every[p] for p in experiment.trained} if experiment.frozen else every


def _row_gradient_columns(experiment: Experiment) -> list[Column]:
    network = experiment.network
    values = {*network.input_names}
    free = {f"param.{p}" for p in network.parameters}

    def template(name: str) -> str:
        if name in free:
            return f"{{step.{name}}}"
        return _ROW(name) if name in values else f"{{{name}}}"

    return [
        Column(
            f"row_grad.{p}",
            "=" + fill(text, template),
            paper=on_paper(text),
            note=f"how the loss of this row changes with {p}",
            torch=f"torch.autograd.grad(loss, {p})",
            group="backprop",
        )
        for p, text in row_gradients(experiment).items()
    ]


def steps_columns(view: View, evidence: verdict.Evidence) -> list[Column]:
    """Return the columns of the table with a row a step, in order of calculation."""
    experiment, network = view.experiment, view.experiment.network
    updates = [
        column for p in network.parameters for column in update_columns(experiment, p, "grad")
    ]
    kinds = list(dict.fromkeys(column.quantity.partition(".")[0] for column in updates))
    # All velocities side by side, then all new weights: so they can be seen as what they are.
    updates.sort(key=lambda column: kinds.index(column.quantity.partition(".")[0]))
    return [
        *_position_columns(experiment.loss),
        *parameter_columns(experiment),
        *_batch_columns(view),
        *_numerical_columns(experiment),
        *_gradient_columns(experiment),
        *_comparison_columns(experiment),
        *step_columns(experiment, "grad", "{loss}*{batch_rows}"),
        *updates,
        *verdict.columns(evidence),
        clipped.loss_column(view.formats_ago > 0),
    ]


def _position_columns(loss: Loss) -> list[Column]:
    """Where we are: which step, which epoch, how many rows."""

    def position(
        quantity: str, formula: str, paper: str, note: str, torch: str, symbol: str = ""
    ) -> Column:
        first = "1" if quantity == "step" else None
        group = "where we are"
        return Column(quantity, formula, paper, note, torch, group, first=first, symbol=symbol)

    return [
        position(
            "step",
            "={prev.step}+1",
            "step before + 1",
            "number of the update, from 1",
            "for step, (x, y) in enumerate(batches, 1):",
        ),
        position(
            "epoch",
            "=ROUNDUP({step}/{steps_per_epoch},0)",
            "step / steps_per_epoch, rounded up",
            "how often the data has been begun",
            "for epoch in range(1, epochs + 1):",
        ),
        position(
            "batch_rows",
            "=COUNT({batch.y})",
            "rows of this batch",
            f"how many rows this step sees: the derivative is the {loss.reduction} over them",
            "len(batch)",
            "rows",
        ),
        *(
            (
                position(
                    "batch_weight",
                    "=SUM({batch.row_weight})",
                    "sum of the rows' weights",
                    "the weights of the rows that this step sees: what a mean is divided by",
                    "w[y].sum()",
                    "Σ w",
                ),
            )
            if loss.weighs
            else ()
        ),
    ]


def _of_batch(loss: Loss, name: str) -> str:
    """Return the expression of what a batch makes of the losses of its rows."""
    if loss.weighs:
        return f"SUM({{batch.{name}}})/{{batch_weight}}"
    return f"{'SUM' if loss.is_summed else 'AVERAGE'}({{batch.{name}}})"


def _batch_columns(view: View) -> list[Column]:
    """The forward pass of the whole batch in a number or two."""
    loss = view.experiment.loss
    found = [
        Column(
            "loss",
            f"={_of_batch(loss, 'loss')}",
            paper=f"{loss.reduction} of the rows' losses",
            note="loss of the batch, the sum over its rows, before this step's update"
            if loss.is_summed
            else "mean loss of the batch, before this step's update",
            torch=loss.torch.replace("'none'", f"'{loss.reduction}'"),
            group="forward",
        )
    ]
    if view.classifies:
        found.append(
            Column(
                "accuracy",
                "=" + accuracy("{batch.pred}", "{batch.y}", "{batch_rows}", loss.cut),
                paper=PAPER,
                note=note(loss.cut),
                torch=torch_line(loss.cut),
                group="forward",
            )
        )
    return found


def _numerical_columns(experiment: Experiment) -> list[Column]:
    """One weight moved by h, what becomes of the mean loss, and the slope between the two."""
    rule, loss = experiment.rules[0], experiment.loss
    said = "summed loss" if loss.is_summed else "mean loss"
    columns = [
        Column(
            f"{way}.{p}",
            f'={{param.{p}}}{sign}IF({{derivative_of}}="{p}",{{h}},0)',
            paper=f"{p}, {sign} h if chosen".replace("-", "−"),
            note=f"{p}, moved by h if it is the weight named in derivative_of",
            torch=f"{p} {sign} h  # if chosen",
            group="one weight moved",
        )
        for way, sign in rule.shifts.items()
        for p in experiment.network.parameters
    ]
    columns += [
        Column(
            f"loss_{way}",
            f"={_of_batch(loss, f'loss_{way}')}",
            paper=f"{said} at weight {sign} h".replace("-", "−"),
            note=f"{said} of the batch with the one weight moved",
            torch=f"loss_at(weight {sign} h).{loss.reduction}()",
            group="numerical derivative",
        )
        for way, sign in rule.shifts.items()
    ]
    slope = rule.slope("")
    columns.append(
        Column(
            "grad_num",
            f"={slope}",
            paper=slope.replace("{", "").replace("}", "").replace("*", "·").replace("-", " − "),
            note=f"numerical derivative for the weight named in derivative_of: {rule.summary}",
            torch="(loss_at(weight + h) - loss) / h",
            group="numerical derivative",
        )
    )
    return columns


def _gradient_columns(experiment: Experiment) -> list[Column]:
    """The mean over the batch of every weight's derivative, or the sum."""
    columns, by_row = [], row_gradients(experiment)
    loss = experiment.loss
    how = "added up" if loss.is_summed else "averaged"
    divisor = "batch_weight" if loss.weighs else "batch_rows"
    share = "" if loss.is_summed else f"/{{{divisor}}}"
    for p, terms in _terms(experiment).items():
        products = [[f"row_grad.{p}"]] if p in by_row else [[f[1:-1] for f in t] for t in terms]
        total = "+".join(map(_summed, products))
        if len(products) > 1 and share:
            total = f"({total})"
        papers = " + ".join("·".join(names) for names in products)
        columns.append(
            Column(
                f"grad.{p}",
                f"={total}{share}",
                paper=f"Σ {papers}" + (f" / {divisor}" if share else ""),
                note=f"backprop's derivative of the {'summed' if loss.is_summed else 'mean'} loss "
                f"for {p}: what came back to its layer, times what it was multiplied with, {how} "
                "over the batch",
                torch=f"loss.{loss.reduction}().backward(); {p}.grad",
                group="backprop",
                symbol=slope_symbol(p),
            )
        )
    return columns


def _summed(names: Sequence[str]) -> str:
    """Return the sum over a batch of a product of columns."""
    cells = ",".join(f"{{batch.{name}}}" for name in names)
    return f"SUMPRODUCT({cells})" if len(names) > 1 else f"SUM({cells})"


def _comparison_columns(experiment: Experiment) -> list[Column]:
    """Backprop's derivative for the chosen weight, and how far the numerical one is from it."""
    names = experiment.trained
    first, last = names[0], names[-1]
    group = "numerical against backprop"
    return [
        Column(
            "grad_of",
            # The 1: to Gnumeric, a single index into one row of cells is the number of a row.
            f"=SUM(INDEX({{grad.{first}:grad.{last}}},1,"
            f'MATCH("grad."&{{derivative_of}},{{header.grad.{first}:header.grad.{last}}},0)))',
            paper="grad of derivative_of",
            note="backprop's derivative for the weight named in derivative_of",
            torch="weight.grad",
            group=group,
        ),
        Column(
            "grad_diff",
            "=ABS({grad_num}-{grad_of})/(ABS({grad_num})+ABS({grad_of})+10^-300)",
            paper="|num − bp| / (|num| + |bp|)",
            note="how far the numerical derivative is from backprop's: 0 is the same, 1 is "
            "nothing in common. It shrinks with h.",
            torch="(grad_num - weight.grad).abs() / (grad_num.abs() + weight.grad.abs())",
            group=group,
        ),
    ]
