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

__all__ = ["at_rate", "curvature_column", "curvature_quantities", "row_curvatures"]

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
    return {} if curvature is None else {"lr_curvature": at_rate(experiment, curvature)}


def at_rate(experiment: Experiment, curvature: Tensor) -> Tensor:
    """Torch side: learning_rate times a curvature that row_curvatures gives."""
    return experiment.learning_rate * curvature / _share(experiment)


def row_curvatures(experiment: Experiment, x: Tensor) -> Tensor | None:
    """Torch side: a small share of the largest eigenvalue of every row's Hessian, to be multiplied
    by a learning rate: the whole may be too large for a number where the product is not.

    Shapes as for ``curvature_quantities``; None where there is no column.
    """
    import torch

    if not _applies(experiment):
        return None
    rows = x.reshape(-1, x.shape[-1])
    # No curvature depends on y or the weights, so any will do.
    weights = torch.ones(len(experiment.network.parameters), dtype=torch.float64)
    hessians = row_hessians(
        experiment, rows, rows.new_zeros(len(rows)), weights, _share(experiment)
    )
    curvature: Tensor = greatest(hessians).reshape(x.shape[:-1])
    return curvature


def _share(experiment: Experiment) -> float:
    """Return the share of the loss whose curvature is a number as long as the squares of x are.

    A power of two: digits stay as they are.
    """
    layer = weighted_place(experiment.network).layer
    assert isinstance(layer, Linear)
    return float(2.0 ** -layer.out_features.bit_length())


def _applies(experiment: Experiment) -> bool:
    return (
        linear_in_weights(experiment.network)
        and isinstance(experiment.loss, SquaredError)
        and not experiment.batched
    )
