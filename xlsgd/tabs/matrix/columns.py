"""The matrix tab: the same forward pass, written as one product of matrices.

X has a row for every row of data and a column for every input, W a row for every input and a
column for every unit: X·W has a row for every row of data and a column for every unit. For
networks that are a Linear without bias, ReLU, and Sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column, Input
from xlsgd.data import Dataset
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["applies", "fields", "product_table", "units", "values", "weight_formulas"]

Floats = NDArray[np.float64]


def applies(experiment: Experiment) -> bool:
    """Return whether the forward pass of an experiment is one product and little more."""
    kinds = [layer.name for layer in experiment.network.layers]
    first = experiment.network.places[0].parameters
    return kinds == ["Linear", "ReLU", "Sum"] and "bias" not in first


def units(experiment: Experiment) -> list[list[str]]:
    """Return the names of the weights, unit by unit."""
    weight: list[list[str]] = experiment.network.places[0].parameters["weight"]
    return weight


# Sheet side


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
            f"=INDEX(MMULT({row},{w}),1,{i})",
            f"row of X · column {i} of W",
            f"this row of X, 1 × {len(x)}, times W, {len(x)} × {count}: number {i} of the "
            f"{count} that come out",
            "(X @ W)[row]",
        )
        for i in range(1, count + 1)
    ]
    relus = "+".join(f"MAX(0,{{xw_{i}}})" for i in range(1, count + 1))
    return [
        *products,
        column(
            "pred",
            f"={relus}",
            "sum of max(0, ·)",
            "ReLU of every number, added up: the prediction",
            "torch.relu(X @ W).sum(1)",
        ),
        column("loss", "=({pred}-{row.y})^2", "(pred − y)²", "squared error", "(pred - y) ** 2"),
    ]


def weight_formulas(experiment: Experiment) -> dict[str, str]:
    """Return the formulas of W's cells, by the name of the weight."""
    return {p: f"={{model.weight.{p}}}" for names in units(experiment) for p in names}


def _w(experiment: Experiment) -> str:
    """Return the template of W: from the first weight of the first unit to the last of the last."""
    names = units(experiment)
    return f"{{weight.{names[0][0]}:weight.{names[-1][-1]}}}"


def fields(experiment: Experiment) -> list[Input]:
    """Return what the tab says of all rows together."""
    x = experiment.network.input_names
    product = f"MMULT({{data.{x[0]}:data.{x[-1]}}},{_w(experiment)})"
    ones = f"{{one.1:one.{len(units(experiment))}}}"
    return [
        Input("mean_loss", "=AVERAGE({product.loss})", "mean of the column loss below"),
        Input(
            "mean_loss_in_one",
            f"=SUMPRODUCT((MMULT({product}*({product}>0),{ones})-{{data.y}})^2)/ROWS({{data.y}})",
            "the same from one formula: X·W, ReLU, sum, error, mean",
        ),
        Input("mean_loss_of_model", "={model.mean_loss}", "the same on the tab 'model'"),
    ]


# Torch side


def values(
    experiment: Experiment, data: Dataset, weights: Mapping[str, Floats]
) -> tuple[dict[str, Floats], list[float]]:
    """Return the columns of ``product_table``, shape (members, rows), and the mean loss a member.

    weights: by parameter, shape (members,).
    """
    import torch

    from xlsgd.torch_side import Noise

    members = len(next(iter(weights.values())))
    noise = Noise(members)
    x = noise.copies(np.array([data.inputs[n] for n in experiment.network.input_names]).T)
    y = noise.copies(data.y)
    w = torch.stack([_stack(weights, names) for names in units(experiment)], 2)
    product = x @ w
    found = {f"xw_{i}": product[:, :, i - 1] for i in range(1, product.shape[2] + 1)}
    # max(0, nan) is nan in torch as in a sheet; max(0, -inf) is 0, where a sheet has no number.
    finite = torch.where(product.isfinite(), product, torch.nan)
    found["pred"] = torch.relu(finite).sum(2)
    found["loss"] = (found["pred"] - y) ** 2
    batch = torch.zeros(data.rows, dtype=torch.int64)
    mean = noise.mean(found["loss"], batch, 1)[:, 0]
    return {name: value.numpy() for name, value in found.items()}, [float(v) for v in mean]


def _stack(weights: Mapping[str, Floats], names: Sequence[str]) -> Tensor:
    """Return the weights of one unit, shape (members, inputs)."""
    import torch

    return torch.stack([torch.from_numpy(np.ascontiguousarray(weights[n])) for n in names], 1)
