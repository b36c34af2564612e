"""Stability: how large a learning rate may be before a run blows up instead of settling.

What one epoch does to the weights can be written down exactly where the prediction is linear in the
weights and the optimizer's step is linear in the gradient: the distance from the solution is
multiplied by a matrix, epoch after epoch. It shrinks as long as every eigenvalue of that matrix is
smaller than 1 in size. Elsewhere there is no single limit, but the curvature of the loss at some
weights can still be asked for.
"""

from __future__ import annotations

from xlsgd.torch_side.stability.curvature import (
    curvature_along_gradient,
    hessian,
    sharpness,
    slopes,
)
from xlsgd.torch_side.stability.limit import spectral_radius, stability_limit
from xlsgd.torch_side.stability.linearity import NoLimitError
from xlsgd.torch_side.stability.local_limit import LocalLimit, local_limit
from xlsgd.torch_side.stability.row_curvature import (
    at_rate,
    curvature_quantities,
    row_curvatures,
)

__all__ = [
    "LocalLimit",
    "NoLimitError",
    "at_rate",
    "curvature_along_gradient",
    "curvature_quantities",
    "hessian",
    "local_limit",
    "row_curvatures",
    "sharpness",
    "slopes",
    "spectral_radius",
    "stability_limit",
]
