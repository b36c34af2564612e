"""The model tab: one forward pass over all rows of data, for weights at the top.

The weights come from the start or the end of an experiment's training, or from whoever types
others over them.
"""

from __future__ import annotations

from dataclasses import replace

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.data.schema import Schema, Words
from xlsgd.tabs.layouts import ROWS
from xlsgd.tabs.layouts.layout import forward_columns, loss_column
from xlsgd.tabs.weights_of import WEIGHTS_OF, weight_formula
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities.accuracy import accuracy
from xlsgd.verdict import BEYOND, or_beyond

__all__ = [
    "BINS",
    "EARLIER",
    "MARKED",
    "WEIGHTS_OF",
    "fields",
    "filled_columns",
    "forward_table",
    "histogram_table",
    "says",
    "weight_formula",
    "weight_groups",
]

MARKED, EARLIER = "model tab, format 2", "model tab, format 1"

BINS = (-1e300, *(round(i / 10, 1) for i in range(11)), 1e300)
"""Where the bars of the histogram begin and end."""

_PARAMETER = "{{weight.{}}}".format


def weight_groups(experiment: Experiment) -> list[tuple[str, ...]]:
    """Return the names of the weights, those of one unit together."""
    groups: list[tuple[str, ...]] = []
    for place in experiment.network.places:
        for names in place.parameters.values():
            rows = names if isinstance(names[0], list) else [names]
            groups += [tuple(row) for row in rows]
    return groups


def forward_table(experiment: Experiment) -> list[Column]:
    """Return the columns with one row for every row of data.

    Raises SpecError for several predictions: what follows counts one right or wrong.
    """
    if len(experiment.network.predictions) > 1:
        raise SpecError(
            f"'{experiment.id}': the tab 'model' shows one prediction, the network "
            f"{experiment.network} makes {len(experiment.network.predictions)}"
        )
    loss = loss_column(experiment, "{{{}}}".format)
    return [
        Column(
            "y",
            "={row.y}",
            "y of this row",
            "what is to be predicted, from the data",
            "y[row]",
            group="data",
        ),
        *forward_columns(experiment.network, _PARAMETER, "{{row.{}}}".format),
        replace(loss, formula=_of_training_tab(loss.formula, experiment)),
    ]


def _of_training_tab(formula: str, experiment: Experiment) -> str:
    """Return a formula with the hyperparameters of the loss where the training tab has them."""
    for given in experiment.loss.hyperparameters:
        formula = formula.replace(f"{{{given.key}}}", f"{{@{experiment.id}.{given.key}}}")
    return formula


def fields(experiment: Experiment, earlier_format: bool = False) -> list[Input]:
    """Return what the tab says of all rows together.

    earlier_format: whether it shows an error where there is no number.
    """
    units = silent_at_0(experiment)
    mean = "=AVERAGE({forward.loss})"
    found = [
        ROWS,
        Input("mean_loss", mean if earlier_format else or_beyond(mean), "mean over all rows"),
        Input(
            "accuracy",
            "=" + accuracy("{forward.pred}", "{forward.y}", "{rows}", experiment.loss.cut),
            f"share of rows in which a prediction above {experiment.loss.cut:g} stands for y = 1",
        ),
        Input(
            "above_1",
            '=COUNTIF({forward.pred},">1")',
            "surer than sure",
            label="predictions above 1",
        ),
    ]
    if units:
        zero = ",".join(f"{{forward.{unit}}},0" for unit in units)
        found.append(
            Input(
                "all_zero",
                f"=COUNTIFS({zero})",
                "rows in which every unit gives 0",
                label="every unit at 0",
            )
        )
    return found


def silent_at_0(experiment: Experiment) -> list[str]:
    """Return the units that give 0 where they are silent, if all do."""
    silences = experiment.network.silences
    return list(silences) if all(s.at == (0.0,) for s in silences.values()) else []


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


def filled_columns(
    experiment: Experiment, schema: Schema, earlier_format: bool = False
) -> list[Column]:
    """Return the row to fill in: features made of what was filled in, and what the net says.

    earlier_format: whether it says the same of a prediction that is no number as of empty cells.
    """
    cut = experiment.loss.cut
    above, below, missing = says(schema, cut)
    beyond = missing if earlier_format else BEYOND
    numbers = [f"{{{raw.name}}}" for raw in schema.asked if raw.holds == "number"]
    words = [f'{{{raw.name}}}<>""' for raw in schema.asked if raw.holds != "number"]
    counted = [f"COUNT({','.join(numbers)})={len(numbers)}"] if numbers else []
    return [
        *schema.feature_columns("{{fact.{}}}"),
        *forward_columns(experiment.network, _PARAMETER, "{{{}}}".format),
        Column(
            "says",
            f"=IF(AND({','.join((*counted, *words))}),IF(ISNUMBER({{pred}}),"
            f'IF({{pred}}>{cut:g},"{above}","{below}"),"{beyond}"),"{missing}")',
            f"pred > {cut:g}?",
            f"above {cut:g} counts as {schema.words.counts}",
            f"pred > {cut:g}",
            group="forward",
            symbol="the net says",
        ),
    ]


def says(schema: Schema, cut: float) -> tuple[str, str, str]:
    """Return what the row to fill in says: above the cut, below, and where a cell is empty.

    cut: what predictions above it stand for y = 1; see Loss.
    """
    count = len(schema.asked)
    number = _COUNTED[count] if count < len(_COUNTED) else f"{count}"
    cells = "the cell" if count == 1 else f"all {number} cells"
    words, usual = schema.words, Words()
    above = f"above {cut:g}" if words.above == usual.above else words.above
    below = f"not above {cut:g}" if words.below == usual.below else words.below
    return above, below, f"fill in {cells}"


_COUNTED = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
