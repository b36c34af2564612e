"""What torch has for the matrix tab: one product of two matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.matrix.columns import units
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["values"]

Floats = NDArray[np.float64]


def values(
    experiment: Experiment, data: Dataset, weights: Mapping[str, Floats]
) -> tuple[dict[str, Floats], list[float]]:
    """Return the columns of ``product_table``, shape (members, rows), and the mean loss a member.

    weights: by parameter, shape (members,).
    """
    import torch

    from xlsgd.torch_side import Ensemble

    members = len(next(iter(weights.values())))
    ensemble = Ensemble(members)
    x = ensemble.copies(np.array([data.inputs[n] for n in experiment.network.input_names]).T)
    y = ensemble.targets(experiment.loss, data.y)
    _, bend, total = experiment.network.layers
    w = torch.stack([_stack(weights, names) for names in units(experiment)], 2)
    # A product of matrices has no number at all where one of their cells has none.
    lost = ~(w.isfinite().all(2).all(1)[:, None] & x.isfinite().all(2))
    product = (x @ w).masked_fill(lost[..., None], torch.nan)
    found = {f"xw_{i}": product[:, :, i - 1] for i in range(1, product.shape[2] + 1)}
    # max(0, nan) is nan in torch as in a sheet; max(0, -inf) is 0, where a sheet has no number.
    finite = torch.where(product.isfinite(), product, torch.nan)
    found["pred"] = total.module()(bend.module()(finite))[..., 0]
    found["loss"] = experiment.loss.module(**experiment.loss_options)(found["pred"], y)
    batch = torch.zeros(data.rows, dtype=torch.int64)
    mean = ensemble.mean(found["loss"], batch, 1)[:, 0]
    return {name: value.numpy() for name, value in found.items()}, [float(v) for v in mean]


def _stack(weights: Mapping[str, Floats], names: Sequence[str]) -> Tensor:
    """Return the weights of one unit, shape (members, inputs)."""
    import torch

    return torch.stack([torch.from_numpy(np.ascontiguousarray(weights[n])) for n in names], 1)
