"""The column ``lr_curvature``: does the step of this row overshoot?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.columns import Column, on_paper, range_of
from xlsgd.experiment import Experiment
from xlsgd.losses.squared_error import SquaredError
from xlsgd.nets.linear import Linear
from xlsgd.stability.curvature import greatest, row_hessians
from xlsgd.stability.linearity import linear_in_weights, weighted_place

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["curvature_column", "curvature_quantities", "row_curvatures"]

_MANY = 4
"""More squares than this are written as SUMSQ."""


def curvature_column(experiment: Experiment) -> Column | None:
    """Sheet side: learning_rate times the curvature of this row's loss, in the layout ``rows``.

    None where the curvature depends on the weights, or a step sees more than one row.
    """
    if not _applies(experiment):
        return None
    place = weighted_place(experiment.network)
    assert isinstance(place.layer, Linear)
    names = [f"{{{name}}}" for name in place.inputs]
    bias = ["1"] if place.layer.bias else []
    squares = [f"{name}^2" for name in names]
    terms = [f"SUMSQ({range_of(names)})"] if len(names) > _MANY else squares
    # Units that are summed up all have the same slope: each adds its share to the curvature.
    factor = 2 * place.layer.out_features
    shown = squares if len(names) <= _MANY else [squares[0], "…", squares[-1]]
    on_top = f"{{learning_rate}}*{factor}*"
    return Column(
        "lr_curvature",
        f"={on_top}({'+'.join([*bias, *terms])})",
        paper=on_paper(f"{on_top}({'+'.join([*bias, *shown])})"),
        note="learning_rate times the curvature of this row's loss, for plain gradient descent: "
        "above 1 this row's step overshoots, it lands beyond the point where this row's loss is "
        "0; above 2 it leaves this row's error larger than before",
        torch="lr * torch.linalg.eigvalsh(torch.func.hessian(row_loss)(weights)).max()",
        group="how it goes",
    )


def curvature_quantities(experiment: Experiment, x: Tensor) -> dict[str, Tensor]:
    """Torch side: learning_rate times the largest eigenvalue of every row's Hessian.

    x: shape (…, inputs), of any rows; the quantity has the shape (…).  Empty where there is no
    column.
    """
    curvature = row_curvatures(experiment, x)
    return {} if curvature is None else {"lr_curvature": experiment.learning_rate * curvature}


def row_curvatures(experiment: Experiment, x: Tensor) -> Tensor | None:
    """Torch side: the largest eigenvalue of every row's Hessian, whatever the learning rate.

    Shapes as for ``curvature_quantities``; None where there is no column.
    """
    import torch

    if not _applies(experiment):
        return None
    rows = x.reshape(-1, x.shape[-1])
    # No curvature depends on y or the weights, so any will do.
    weights = torch.ones(len(experiment.network.parameters), dtype=torch.float64)
    hessians = row_hessians(experiment, rows, rows.new_zeros(len(rows)), weights)
    curvature: Tensor = greatest(hessians).reshape(x.shape[:-1])
    return curvature


def _applies(experiment: Experiment) -> bool:
    return (
        linear_in_weights(experiment.network)
        and isinstance(experiment.loss, SquaredError)
        and not experiment.batched
    )
