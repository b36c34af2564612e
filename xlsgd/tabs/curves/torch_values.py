"""What torch has for a tab of curves: the functions, and their slopes by autograd."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.curves.columns import APART, BEGIN, Tabulated
from xlsgd.torch_side import Ensemble
from xlsgd.training.trace import MEMBERS

__all__ = ["values"]

Floats = NDArray[np.float64]


def values(
    shown: Tabulated,
    numbers: Mapping[str, float],
    rows: int,
    seen: Floats | None = None,
) -> dict[str, Floats]:
    """Return the columns of the table, shape (members, rows).

    numbers: what is typed in, by key.   seen: what the functions are to be taken of; where they
    follow from what is typed in they are made here.
    """
    import torch

    ensemble = Ensemble(MEMBERS)
    place = torch.arange(1, rows + 1, dtype=torch.float64).expand(MEMBERS, rows)
    begin, apart = (ensemble.copies([numbers[key]]) for key in (BEGIN, APART))
    x = begin + (place - 1) * apart if seen is None else ensemble.copies(seen)
    given = {name: ensemble.copies([numbers[name]]).expand(MEMBERS, rows) for name in shown.given}
    found = {"place": place, shown.over: begin + (place - 1) * apart}
    for i, layer in enumerate(shown.layers, 1):
        own = {**given, shown.over: x.clone().requires_grad_()}
        flat = {key: own[name].reshape(-1) for key, name in layer.parameter_names().items()}
        value = layer.rounded(flat, x.new_zeros((MEMBERS * rows, 0)), ensemble.rounding)[:, 0]
        (slope,) = torch.autograd.grad(value.sum(), own[shown.over])
        found[f"value.{i}"] = value.detach().reshape(MEMBERS, rows)
        found[f"slope.{i}"] = slope
    return {name: column.numpy() for name, column in found.items()}
