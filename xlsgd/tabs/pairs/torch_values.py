"""What torch has for a tab of pairs: the net evaluated on every pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.pairs.columns import Side
from xlsgd.torch_side import Ensemble, TorchNet
from xlsgd.training.experiment import Experiment

__all__ = ["values"]

Floats = NDArray[np.float64]


def values(
    experiment: Experiment,
    two: tuple[Side, Side],
    data: Dataset,
    weights: Mapping[str, Floats],
    numbers: Mapping[str, Floats] | None = None,
) -> tuple[dict[str, Floats], dict[str, list[float | str]]]:
    """Return the columns of the table, shape (members, rows), and a number per member of a field.

    weights: by parameter, shape (members,).   numbers: of the table as a sheet has it, by quantity,
    for the fields; those found here where they are not given.
    """
    import torch

    members = len(next(iter(weights.values())))
    ensemble = Ensemble(members)
    high, wide = (len(side.names) for side in two)
    i, j = np.meshgrid(np.arange(high), np.arange(wide), indexing="ij")
    x = torch.from_numpy(np.stack([i.ravel(), j.ravel()], 1).astype(float))
    pairs = x.expand(members, *x.shape)
    flat = {
        p: torch.from_numpy(np.ascontiguousarray(v)).unsqueeze(1).expand(members, high * wide)
        for p, v in weights.items()
    }
    net = TorchNet(experiment, ensemble)
    nothing = torch.zeros(members * high * wide, dtype=torch.float64)
    with torch.no_grad():
        made = net.evaluate(pairs.reshape(-1, 2), nothing)(
            {p: v.reshape(-1) for p, v in flat.items()}
        )
    pred = made["pred"].reshape(members, high, wide).numpy()
    first, second = (np.array(data.inputs[side.input]) for side in two)
    there = (first == i[..., None]) & (second == j[..., None])
    count = there.sum(-1).astype(float)
    y = ensemble.targets(experiment.loss, np.array(data.y)).numpy()
    given = (there * y[:, None, None, :]).sum(-1) / np.maximum(1, count)
    found: dict[str, Floats] = {"place": np.tile(np.arange(high, dtype=float), (members, 1))}
    every = {"given": given, "pred": pred, "count": np.broadcast_to(count, pred.shape)}
    for key, table in every.items():
        found |= {f"{key}.{k + 1}": table[:, :, k] for k in range(wide)}
    if numbers is not None:
        every = {
            key: ensemble.copies(
                np.stack([numbers[f"{key}.{k + 1}"] for k in range(wide)], 1)
            ).numpy()
            for key in every
        }
    rated = every["count"] > 0
    apart = np.where(rated, (every["pred"] - every["given"]) ** 2, 0).sum((1, 2))
    many = rated.sum((1, 2))
    fields = {
        "pairs_given": many.astype(float),
        "pairs_missing": (high * wide - many).astype(float),
        "root_mean_square": np.sqrt(apart / np.maximum(1, many)),
    }
    return found, {key: [float(v) for v in each] for key, each in fields.items()}
