"""What torch has for a units tab: every unit by PyTorch's own layer, and their sum."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.units.columns import APART, BEGIN, COUNT, Hidden
from xlsgd.torch_side import Ensemble
from xlsgd.training.trace import MEMBERS

__all__ = ["bends", "values"]

Floats = NDArray[np.float64]


def values(
    hidden: Hidden,
    numbers: Mapping[str, float],
    weights: Mapping[str, Floats],
    rows: int,
    seen: Floats | None = None,
) -> dict[str, Floats]:
    """Return the columns of the table, shape (members, rows).

    numbers: what is typed in, by key.   weights: by name, shape (members,).
    seen: what goes into the net; where it follows from what is typed in it is made here.
    """
    import torch
    from torch.nn.functional import linear

    ensemble = Ensemble(MEMBERS)
    place = torch.arange(1, rows + 1, dtype=torch.float64).expand(MEMBERS, rows)
    begin, apart = (ensemble.copies([numbers[key]]) for key in (BEGIN, APART))
    laid = begin + (place - 1) * apart
    x = laid if seen is None else ensemble.copies(seen)
    module = hidden.network.places[1].layer.module()
    counted = torch.arange(1, hidden.units + 1) <= numbers[COUNT]
    added = []
    for member in range(MEMBERS):
        into, bias, out = (
            torch.tensor([weights[name][member] for name in names], dtype=torch.float64)
            for names in (hidden.into, hidden.bias, hidden.out)
        )
        with torch.no_grad():
            bent = module(linear(x[member, :, None], into[:, None], bias))
        added.append(torch.where(counted, bent * out, 0.0))
    units = torch.stack(added)
    base = torch.from_numpy(np.array(weights[hidden.base])) if hidden.base else torch.zeros(MEMBERS)
    (name,) = hidden.network.input_names
    found = {"place": place, name: laid, "sum": units.sum(-1) + base[:, None]}
    found |= {f"unit.{i + 1}": units[..., i] for i in range(hidden.units)}
    return {quantity: column.numpy() for quantity, column in found.items()}


def bends(hidden: Hidden, weights: Mapping[str, Floats], unit: int) -> list[float | str]:
    """Return where a unit bends, for every member."""
    pairs = zip(weights[hidden.into[unit]], weights[hidden.bias[unit]], strict=True)
    return ["nowhere" if into == 0 else float(-bias / into) for into, bias in pairs]
