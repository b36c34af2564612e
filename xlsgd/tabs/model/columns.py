"""The model tab: one forward pass over all rows of data, for weights at the top.

The weights come from the start or
the end of an experiment's training, or from whoever types others over them.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlsgd import verdict
from xlsgd.base.columns import Column, Input
from xlsgd.tabs.layouts import ROWS
from xlsgd.tabs.layouts.layout import forward_columns, loss_column
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities.accuracy import accuracy

__all__ = [
    "BINS",
    "SAYS",
    "WEIGHTS_OF",
    "fields",
    "forward_table",
    "histogram_table",
    "person_columns",
    "weight_formula",
    "weight_groups",
]

WEIGHTS_OF = Input(
    "weights_of",
    "trained",
    "which weights: after the last step of training, or at its start",
    choices=("trained", "start"),
)

BINS = (-1e300, *(round(i / 10, 1) for i in range(11)), 1e300)
"""Where the bars of the histogram begin and end."""

NUMBERS = ("Pclass", "Age", "SibSp", "Parch", "Fare")
"""The cells of the row to fill in that take a number."""

SAYS = ("would survive", "would not survive", "fill in all seven cells")

_PARAMETER = "{{weight.{}}}".format


def weight_groups(experiment: Experiment) -> list[tuple[str, ...]]:
    """Return the names of the weights, those of one unit together."""
    groups: list[tuple[str, ...]] = []
    for place in experiment.network.places:
        for names in place.parameters.values():
            rows = names if isinstance(names[0], list) else [names]
            groups += [tuple(row) for row in rows]
    return groups


def weight_formula(experiment: Experiment, p: str) -> str:
    """Return the formula of a weight at the top."""
    tab = f"@{experiment.id}"
    return f'=IF({{weights_of}}="start",{{{tab}.init.{p}}},{{{tab}.last.new.{p}}})'


def forward_table(experiment: Experiment) -> list[Column]:
    """Return the columns with one row for every row of data."""
    return [
        Column(
            "y",
            "={row.y}",
            "y of this row",
            "what is to be predicted, from the data",
            "y[row]",
            group="data",
        ),
        *forward_columns(experiment.network.places, _PARAMETER, "{{row.{}}}".format),
        loss_column(experiment, "{y}"),
    ]


def fields(experiment: Experiment) -> list[Input]:
    """Return what the tab says of all rows together."""
    units = verdict.units(experiment)
    found = [
        ROWS,
        Input("mean_loss", "=AVERAGE({forward.loss})", "mean over all rows"),
        Input(
            "accuracy",
            "=" + accuracy("{forward.pred}", "{forward.y}", "{rows}"),
            "share of rows in which a prediction above 0.5 stands for y = 1",
        ),
        Input("above_1", '=COUNTIF({forward.pred},">1")', "predictions above 1: surer than sure"),
    ]
    if units:
        zero = ",".join(f"{{forward.{unit}}},0" for unit in units)
        found.append(Input("all_zero", f"=COUNTIFS({zero})", "rows in which every unit gives 0"))
    return found


def histogram_table() -> list[Column]:
    """Return the columns with one row for every bar of the histogram."""

    def counted(quantity: str, y: int, words: str) -> Column:
        return Column(
            quantity,
            '=COUNTIFS({forward.pred},">="&{from},{forward.pred},"<"&{to},'
            f"{{forward.y}},{y})",
            words,
            f"rows with y = {y} and a prediction from 'from' up to but without 'to'",
            f"((pred >= from_) & (pred < to) & (y == {y})).sum()",
            group="how the predictions spread",
        )

    return [counted("y_0", 0, "rows with y = 0"), counted("y_1", 1, "rows with y = 1")]


def person_columns(experiment: Experiment, features: Sequence[Column]) -> list[Column]:
    """Return the row to fill in: inputs made of what was filled in, and what the net says.

    features: the inputs, as formulas of the cells to fill in.
    """
    numbers = ",".join(f"{{{name}}}" for name in NUMBERS)
    words = ",".join(f'{{{name}}}<>""' for name in ("Sex", "Embarked"))
    return [
        *features,
        *forward_columns(experiment.network.places, _PARAMETER, "{{{}}}".format),
        Column(
            "says",
            f"=IF(AND(COUNT({numbers})={len(NUMBERS)},{words}),IF(ISNUMBER({{pred}}),"
            f'IF({{pred}}>0.5,"{SAYS[0]}","{SAYS[1]}"),"{SAYS[2]}"),"{SAYS[2]}")',
            "pred > 0.5?",
            "above 0.5 counts as survived",
            "pred > 0.5",
            group="forward",
        ),
    ]
