"""Curvature: how fast the slope of the loss changes on the way, by differentiating twice.

The curvatures of the loss at some weights are the eigenvalues of its Hessian, the table of all
second derivatives. A step of gradient descent along a direction overshoots the lowest point
there if learning_rate times the curvature is above 1, and ends higher than it began if it is above
2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.torch_side import Ensemble, TorchNet, data_tensors, load_torch
from xlsgd.torch_side.batch_loss import of_batch
from xlsgd.torch_side.stability.lanczos import largest_eigenvalue
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["curvature_along_gradient", "greatest", "hessian", "row_hessians", "sharpness", "slopes"]


def curvature_along_gradient(
    experiment: Experiment, data: Dataset, weights: Mapping[str, float], rows: Sequence[int]
) -> float:
    """Return the curvature of the loss of a batch in the direction of its steepest slope.

    It is gᵀHg / gᵀg with the gradient g by the chain rule and the Hessian H; nan where g is 0 or
    no number.
    weights: a value for every weight.   rows: positions in the data, from 0.
    Raises SpecError for weights or rows that don't fit.
    """
    there, gradient = _gradient(experiment, data, weights, rows)
    size = float(gradient.detach().abs().max())
    if not 0 < size < math.inf:
        return math.nan
    direction = gradient.detach() / size
    if experiment.frozen:
        trained = {*experiment.trained}
        for i, p in enumerate(experiment.network.parameters):
            direction[i] = direction[i] if p in trained else 0.0
    bent = _times(there, gradient, direction)
    return float(direction @ bent / (direction @ direction))


def slopes(experiment: Experiment, data: Dataset, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the derivative of the loss over all rows, as one batch, for every weight.

    weights, errors: as for ``curvature_along_gradient``.
    """
    _, gradient = _gradient(experiment, data, weights, range(data.rows))
    found = gradient.detach().tolist()
    return dict(zip(experiment.network.parameters, found, strict=True))


def sharpness(
    experiment: Experiment,
    data: Dataset,
    weights: Mapping[str, float],
    rows: Sequence[int],
    shares: Sequence[float] = (),
) -> float:
    """Return the largest curvature of the loss of a batch in any direction in which weights move;
    nan where it is no number.

    shares: by how much each weight counts, 1 where not given.

    Of any network and loss, by products of the Hessian with vectors: the Hessian itself, as large
    as the square of the number of weights, is never written down where there are many.
    weights, rows, errors: as for ``curvature_along_gradient``.
    """
    there, gradient = _gradient(experiment, data, weights, rows)
    if not (experiment.frozen or shares):
        return largest_eigenvalue(lambda direction: _times(there, gradient, direction), len(there))
    import torch

    trained = {*experiment.trained}
    free = [i for i, p in enumerate(experiment.network.parameters) if p in trained]
    roots = torch.tensor(shares or [1.0] * len(there), dtype=torch.float64).sqrt()[free]

    def times(direction: Tensor) -> Tensor:
        whole = torch.zeros_like(there)
        whole[free] = roots * direction
        return roots * _times(there, gradient, whole)[free]

    return largest_eigenvalue(times, len(free))


def hessian(
    experiment: Experiment, data: Dataset, weights: Mapping[str, float], names: Sequence[str]
) -> Tensor:
    """Return the second derivatives of the loss over all rows, as one batch, by these weights.

    names: some of the weights.   weights, errors: as for ``curvature_along_gradient``.
    """
    import torch

    there, gradient = _gradient(experiment, data, weights, range(data.rows))
    places = [experiment.network.parameters.index(p) for p in names]
    every = torch.eye(len(there), dtype=torch.float64)
    rows = [_times(there, gradient, every[i])[places] for i in places]
    return torch.stack(rows)


def row_hessians(
    experiment: Experiment, x: Tensor, y: Tensor, weights: Tensor, share: float = 1.0
) -> Tensor:
    """Return the Hessian of every row's loss, shape (rows, weights, weights).

    x: shape (rows, inputs).   y: shape (rows,).   weights: shape (weights,), in order.
    share: that of the losses, where whole ones would be too large for a number.
    """
    import torch

    net = TorchNet(experiment, Ensemble(1))
    leaves = [w.expand(len(y)).clone().requires_grad_() for w in weights]
    with torch.enable_grad():
        named = dict(zip(experiment.network.parameters, leaves, strict=True))
        # Every row has weights of its own: the derivative of the sum of all losses holds, row by
        # row, the derivative of each, and so does the derivative of that.
        total = share * net.evaluate(x, y)(named)["loss"].sum()
        slopes = torch.autograd.grad(
            total, leaves, create_graph=True, allow_unused=True, materialize_grads=True
        )
        seconds = [
            torch.autograd.grad(
                slope.sum(), leaves, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            for slope in slopes
        ]
    return torch.stack([torch.stack(second, -1) for second in seconds], -1)


def greatest(hessians: Tensor) -> Tensor:
    """Return the largest eigenvalue of each, nan where one is not finite.

    hessians: shape (…, weights, weights).
    """
    import torch

    finite = hessians.isfinite().all(-1).all(-1)
    usable = torch.where(finite[..., None, None], hessians, 0.0)
    return torch.where(finite, torch.linalg.eigvalsh(usable)[..., -1], torch.nan)


def _gradient(
    experiment: Experiment, data: Dataset, weights: Mapping[str, float], rows: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return the weights as torch's variable, and the gradient as a function of them."""
    names = experiment.network.parameters
    if set(weights) != set(names):
        raise SpecError(
            f"weights of '{experiment.id}': got {', '.join(weights) or 'none'}, "
            f"need {', '.join(names) or 'none'}"
        )
    if not rows or not all(0 <= row < data.rows for row in rows):
        raise SpecError(
            f"rows: got {list(rows)}, need one or more positions from 0 to {data.rows - 1}"
        )
    torch = load_torch()
    x, y = data_tensors(experiment, data)
    seen = torch.tensor(rows)
    there = torch.tensor([float(weights[p]) for p in names], dtype=torch.float64)
    with torch.enable_grad():
        columns = there.requires_grad_()[:, None].expand(-1, len(seen)).unbind()
        named = dict(zip(names, columns, strict=True))
        losses = TorchNet(experiment, Ensemble(1)).evaluate(x[seen], y[seen])(named)["loss"]
        loss = of_batch(experiment, losses, y[seen])
        (gradient,) = torch.autograd.grad(
            loss, there, create_graph=True, allow_unused=True, materialize_grads=True
        )
        return there, gradient


def _times(there: Tensor, gradient: Tensor, direction: Tensor) -> Tensor:
    """Return the Hessian times a direction: how the gradient changes on the way along it."""
    import torch

    if not gradient.requires_grad:
        return torch.zeros_like(direction)  # The loss is a plane in the weights.
    (change,) = torch.autograd.grad(
        gradient @ direction, there, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return change
