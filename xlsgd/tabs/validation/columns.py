"""What stands on a validation tab: the mean loss of both kinds of rows after every epoch.

Rows that validate do not train. After the last step of an epoch, and before the first step of all,
the forward pass goes over all rows, those that train and those that validate, with the weights of
that moment: as a loop in PyTorch evaluates a model between two epochs.

Names in templates, besides those of xlsgd.base.columns:

    {ended.new.a}     in a row of weights: the cell of the training tab with which its epoch ended
    {at.a}            in a row of the forward pass: the weight after its epoch
    {case.x}          there: the cell of this row on the data tab, or among the rows that validate
    {train.loss}      in a row of an epoch: the cells of all its rows that train
    {held.loss}       the same of those that validate
    {cases.y}         the column of all rows that validate
    {final.lowest}    the last cell of a column of the table of epochs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd.base.columns import Column, Input, fill, range_of
from xlsgd.data import Dataset
from xlsgd.data.schema import Schema
from xlsgd.tabs.layouts.layout import forward_columns, loss_column
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities import clipped
from xlsgd.training.quantities.accuracy import PAPER
from xlsgd.training.stable import greatest
from xlsgd.verdict import or_beyond

__all__ = [
    "EARLIER",
    "HEADERS",
    "MARKED",
    "RIGHT",
    "cases_field",
    "counts_right",
    "epoch_columns",
    "fields",
    "has_classes",
    "passed_columns",
    "weight_columns",
]

MARKED, EARLIER = "validation tab, format 2", "validation tab, format 1"
HEADERS = frozenset(("train_loss", "validation_loss"))
RIGHT = "is_right"
"""The quantity that says of every row whether its prediction is right."""

_MAY_BE_BEYOND = ("best_epoch", "best_loss", "end_loss")
"""Fields that may have no number."""

_SETS = {"train": ("train", "rows that train"), "validation": ("held", "rows that validate")}


def has_classes(experiment: Experiment) -> bool:
    """Return whether there is a prediction for every class, and y is the number of a class."""
    return experiment.loss.several and len(experiment.network.predictions) > 1


def counts_right(experiment: Experiment, data: Dataset) -> bool:
    """Return whether predictions can be counted right or wrong."""
    if has_classes(experiment):
        return True
    labels = {*data.y, *(data.validation.y if data.validation else ())}
    return len(experiment.network.predictions) == 1 and labels <= {0.0, 1.0}


def weight_columns(experiment: Experiment) -> list[Column]:
    """Return the weights after every epoch, the start weights first."""
    return [
        Column(
            f"weight.{p}",
            f"={{ended.new.{p}}}",
            paper=p,
            note=f"{p} after the last step of the epoch; in epoch 0, where training starts",
            torch=f"{p}  # after the epoch's last optimizer.step()",
            group="weights after the epoch",
            symbol=p,
            first=f"={{@{experiment.id}.init.{p}}}",
        )
        for p in experiment.network.parameters
    ]


def passed_columns(experiment: Experiment, counted: bool) -> list[Column]:
    """Return the forward pass, with a row for every row of data in every epoch.

    counted: see ``counts_right``.
    """
    network = experiment.network
    loss = loss_column(experiment, "{{case.{}}}".format)
    own = {given.key for given in experiment.loss.hyperparameters}

    def of_training_tab(name: str) -> str:
        return f"{{@{experiment.id}.{name}}}" if name in own else f"{{{name}}}"

    columns = [
        *forward_columns(network, "{{at.{}}}".format, "{{case.{}}}".format),
        replace(loss, formula=fill(loss.formula, of_training_tab)),
    ]
    return [*columns, _right_column(experiment)] if counted else columns


def _right_column(experiment: Experiment) -> Column:
    """Return whether the prediction of a row is right; what is no number is right for nobody."""
    predictions = [f"{{{name}}}" for name in experiment.network.predictions]
    if has_classes(experiment):
        most = greatest(predictions)
        # Of several that are the greatest, the first one counts, as in torch.argmax.
        says = "-1"
        for place in reversed(range(len(predictions))):
            says = f"IF({predictions[place]}={most},{place},{says})"
        if _side_by_side(experiment):
            says = f"MATCH({most},{range_of(predictions)},0)-1"
        counted, paper = "{loss}", "greatest pred is class y?"
        note = "1 where the class with the greatest prediction, the first of them, is y"
        torch = "(pred.argmax(-1) == y).double()"
    else:
        cut = f"{experiment.loss.cut:g}"
        counted, says, paper = "{pred}", f"IF({{pred}}>{cut},1,0)", f"pred > {cut} where y = 1?"
        note = f"1 where a prediction above {cut} stands for y = 1, or any other for y = 0"
        torch = f"((pred > {cut}) == (y == 1)).double()"
    return Column(
        RIGHT,
        f"=IF(ISNUMBER({counted}),IF({says}={{case.y}},1,0),0)",
        paper=paper,
        note=note,
        torch=torch,
        group="forward",
    )


def _side_by_side(experiment: Experiment) -> bool:
    """Return whether the predictions stand in neighbouring cells."""
    network = experiment.network
    given = [name for place in network.places for name in place.outputs]
    return tuple(given[-len(network.predictions) :]) == network.predictions


def epoch_columns(
    experiment: Experiment, counted: bool, earlier_format: bool = False
) -> list[Column]:
    """Return the columns with a row for every epoch, the start weights first.

    earlier_format: whether losses are drawn along the edge of the chart; ``clipped.loss_formula``.
    """

    def column(
        quantity: str, formula: str, paper: str, note: str, torch: str, first: str | None = None
    ) -> Column:
        return Column(quantity, formula, paper, note, torch, group="epoch by epoch", first=first)

    found = [
        column(
            "epoch",
            "={prev.epoch}+1",
            "0, 1, 2, …",
            "epochs that are over; 0 is before the first step",
            "epoch",
            "0",
        ),
        *(
            column(
                f"{name}_loss",
                f"=AVERAGE({{{head}.loss}})",
                f"mean loss, {words}",
                f"mean loss of the {words}, all with the weights after the last step of the epoch",
                f"model.eval(); criterion(model(x_{name}), y_{name})",
            )
            for name, (head, words) in _SETS.items()
        ),
    ]
    if counted:
        found += [
            column(
                f"{name}_accuracy",
                f"=AVERAGE({{{head}.{RIGHT}}})",
                PAPER,
                f"share of the {words} whose prediction is right, see {RIGHT}",
                f"{RIGHT}.mean()",
            )
            for name, (head, words) in _SETS.items()
        ]
    found.append(
        column(
            "lowest",
            "=IF(ISNUMBER({validation_loss}),IF(ISNUMBER({prev.lowest}),"
            "MIN({prev.lowest},{validation_loss}),{validation_loss}),{prev.lowest})",
            "lowest validation_loss so far",
            "the lowest validation loss of this and all earlier epochs",
            "min(lowest, validation_loss)",
            "={validation_loss}",
        )
    )
    return found + [
        replace(
            column(
                f"plot.{name}_loss",
                f"={clipped.loss_formula(f'{{{name}_loss}}', earlier_format)}",
                f"{name}_loss, up to 1E+12",
                f"{name}_loss for the chart: no less than 1E-12, as a log axis has no 0, and its "
                "line ends above 1E+12",
                f"torch.where({name}_loss <= 1e12, {name}_loss.clamp(min=1e-12), torch.nan)",
            ),
            group="for the chart",
        )
        for name in _SETS
    ]


def cases_field(schema: Schema) -> Input:
    """Return the field that names the columns in which a reader may type, of rows that validate."""
    # No note beside words that need its room.
    return Input("columns", ", ".join(raw.name for raw in schema.needed), "", fixed=True)


def fields(earlier_format: bool = False) -> Sequence[Input]:
    """Return what the tab says of the whole run.

    earlier_format: whether it shows an error where there is no number.
    """
    found = _fields()
    if earlier_format:
        return found
    return [
        replace(given, value=or_beyond(str(given.value))) if given.key in _MAY_BE_BEYOND else given
        for given in found
    ]


def _fields() -> Sequence[Input]:
    return (
        Input("train_rows", "=COUNT({data.y})", "rows that train", fixed=True),
        Input(
            "validation_rows", "=COUNT({cases.y})", "rows that do not: they validate", fixed=True
        ),
        Input(
            "best_epoch",
            "=MATCH({final.lowest},{epochs.validation_loss},0)-1",
            "after which epoch the validation loss is lowest",
            fixed=True,
            label="best epoch",
        ),
        Input("best_loss", "={final.lowest}", "the validation loss there", fixed=True),
        Input("end_loss", "={final.validation_loss}", "and after the last epoch", fixed=True),
    )
