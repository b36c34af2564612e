"""The torch side of the column ``lr_curvature``: does the step of this row overshoot?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.torch_side.stability.curvature import greatest, row_hessians
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.linear_in_weights import weighted_place
from xlsgd.training.rows_are_parabolas import rows_are_parabolas

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["at_rate", "curvature_quantities", "row_curvatures"]


def curvature_quantities(
    experiment: Experiment, x: Tensor, rates: NDArray[np.float64] | None = None
) -> dict[str, Tensor]:
    """Return learning_rate times the largest eigenvalue of every row's Hessian.

    x: shape (…, inputs), of any rows; the quantity has the shape (…).  Empty where there is no
    column.   rates: of the rows; the experiment's learning rate where not given.
    """
    curvature = row_curvatures(experiment, x)
    return {} if curvature is None else {"lr_curvature": at_rate(experiment, curvature, rates)}


def at_rate(
    experiment: Experiment, curvature: Tensor, rates: NDArray[np.float64] | None = None
) -> Tensor:
    """Return learning_rate times a curvature that row_curvatures gives.

    rates: of the rows; the experiment's learning rate where not given.
    """
    import torch

    rate = experiment.learning_rate if rates is None else torch.from_numpy(rates)
    return rate * curvature / _share(experiment)


def row_curvatures(experiment: Experiment, x: Tensor) -> Tensor | None:
    """Return a small share of the largest eigenvalue of every row's Hessian, to be multiplied
    by a learning rate: the whole may be too large for a number where the product is not.

    Shapes as for ``curvature_quantities``; None where there is no column.
    """
    import torch

    if not rows_are_parabolas(experiment):
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
    outputs = len(weighted_place(experiment.network).outputs)
    return float(2.0 ** -outputs.bit_length())
