"""The matrix tab: the same forward pass, written as one product of matrices.

X has a row for every row of data and a column for every input, W a row for every input and a
column for every unit: X·W has a row for every row of data and a column for every unit. For
networks that weigh their inputs without a bias, bend what comes out, and add it up.
"""

from __future__ import annotations

from dataclasses import replace

from xlsgd.base.columns import Column, Input
from xlsgd.training.experiment import Experiment
from xlsgd.verdict import or_beyond

__all__ = ["EARLIER", "MARKED", "applies", "fields", "product_table", "units", "weight_formulas"]

MARKED, EARLIER = "matrix tab, format 2", "matrix tab, format 1"


def applies(experiment: Experiment) -> bool:
    """Return whether the forward pass of an experiment is one product and little more."""
    if len(experiment.network.places) != 3:
        return False
    first, bend, total = experiment.network.places
    count = len(bend.inputs)
    return (
        first.layer.weighs_inputs
        and "bias" not in first.parameters
        and bend.layer.of_array("") is not None
        and len(bend.outputs) == count
        and total.layer.gains(count) == [[1.0] * count]
        and experiment.loss.of_arrays("", "") is not None
    )


def units(experiment: Experiment) -> list[list[str]]:
    """Return the names of the weights, unit by unit."""
    weight: list[list[str]] = experiment.network.places[0].parameters["weight"]
    return weight


def product_table(experiment: Experiment) -> list[Column]:
    """Return the columns with one row for every row of data."""
    x = experiment.network.input_names
    count = len(units(experiment))
    row, w = f"{{row.{x[0]}:row.{x[-1]}}}", _w(experiment)

    def column(quantity: str, formula: str, paper: str, note: str, torch: str) -> Column:
        return Column(quantity, formula, paper, note, torch, group="matrix product")

    products = [
        column(
            f"xw_{i}",
            f"=SUM(INDEX(MMULT({row},{w}),1,{i}))",
            f"row of X · column {i} of W",
            f"this row of X, 1 × {len(x)}, times W, {len(x)} × {count}: number {i} of the "
            f"{count} that come out",
            "(X @ W)[row]",
        )
        for i in range(1, count + 1)
    ]
    _, bend, total = experiment.network.places
    bent = bend.layer.forward([f"{{xw_{i}}}" for i in range(1, count + 1)], {})
    (pred,) = total.layer.forward(bent, {})
    (paper,) = bend.layer.written(("·",)) or (bend.layer.summary,)
    name, loss = bend.layer.name, experiment.loss
    return [
        *products,
        column(
            "pred",
            f"={pred}",
            f"sum of {paper}",
            f"{name} of every number, added up: the prediction",
            f"torch.nn.{name}()(X @ W).sum(1)",
        ),
        column(
            "loss", f"={loss.forward('{pred}', '{row.y}')}", loss.paper, loss.name, loss.by_hand
        ),
    ]


def weight_formulas(experiment: Experiment) -> dict[str, str]:
    """Return the formulas of W's cells, by the name of the weight."""
    return {p: f"={{model.weight.{p}}}" for names in units(experiment) for p in names}


def _w(experiment: Experiment) -> str:
    """Return the template of W: from the first weight of the first unit to the last of the last."""
    names = units(experiment)
    return f"{{weight.{names[0][0]}:weight.{names[-1][-1]}}}"


def fields(experiment: Experiment, earlier_format: bool = False) -> list[Input]:
    """Return what the tab says of all rows together.

    earlier_format: whether it shows errors where there are no numbers.
    """
    x = experiment.network.input_names
    product = f"MMULT({{data.{x[0]}:data.{x[-1]}}},{_w(experiment)})"
    ones = f"{{one.1:one.{len(units(experiment))}}}"
    bend = experiment.network.layers[1]
    bent = bend.of_array(product)
    losses = experiment.loss.of_arrays(f"MMULT({bent},{ones})", "{data.y}")
    found = [
        Input("mean_loss", "=AVERAGE({product.loss})", "mean of the column loss at the right"),
        Input(
            "mean_loss_in_one",
            f"=SUMPRODUCT({losses})/ROWS({{data.y}})",
            f"the same from one formula: X·W, {bend.name}, sum, error, mean",
            label="in one formula",
        ),
        Input(
            "mean_loss_of_model", "={model.mean_loss}", "the same there", label="on the tab 'model'"
        ),
    ]
    if earlier_format:
        return found
    return [replace(given, value=or_beyond(str(given.value))) for given in found]
