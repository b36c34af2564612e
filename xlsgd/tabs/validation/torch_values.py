"""What torch has for a validation tab: the model evaluated between two epochs, on all rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.validation.columns import RIGHT, has_classes
from xlsgd.torch_side import Ensemble, TorchNet
from xlsgd.torch_side.targets import to_predict
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities import clipped
from xlsgd.training.quantities.accuracy import right
from xlsgd.verdict import BEYOND

__all__ = ["ended", "epochs_of", "fields_of", "passed"]

Floats = NDArray[np.float64]


def ended(steps: int, epochs: int) -> NDArray[np.int64]:
    """Return the row of the table of steps with which every epoch ends, from 0.

    steps: rows of that table.
    """
    return np.arange(1, epochs + 1) * steps // epochs - 1


def passed(
    experiment: Experiment, data: Dataset, weights: Mapping[str, Floats], counted: bool
) -> dict[str, Floats]:
    """Return the forward pass of all rows, those that train before those that validate, epoch by
    epoch, shape (members, epochs · rows).

    weights: by parameter, shape (members, epochs).   counted: whether predictions are.
    """
    import torch

    held = data.validation
    assert held is not None
    members, epochs = next(iter(weights.values())).shape
    ensemble = Ensemble(members)
    names = experiment.network.input_names
    x = ensemble.copies(np.array([(*data.inputs[n], *held.inputs[n]) for n in names]).T)
    labels = np.concatenate([to_predict(experiment, data), to_predict(experiment, held)])
    y = ensemble.targets(experiment.loss, labels)
    net = TorchNet(experiment, ensemble)
    shape = x.shape[:2]
    found: dict[str, list[Floats]] = {}
    for epoch in range(epochs):
        now = {
            p: torch.from_numpy(v[:, epoch].copy()).unsqueeze(1).expand(shape).reshape(-1)
            for p, v in weights.items()
        }
        with torch.no_grad():
            values = net.evaluate(x.flatten(0, 1), y.flatten(0, 1))(now)
        for name, value in values.items():
            found.setdefault(name, []).append(value.reshape(shape).numpy())
    rows = {name: np.concatenate(parts, 1) for name, parts in found.items()}
    if counted and has_classes(experiment):
        pred = np.stack([rows[name] for name in experiment.network.predictions], -1)
        hit = torch.from_numpy(pred).argmax(-1).numpy() == np.tile(labels, epochs)
        rows[RIGHT] = (hit & np.isfinite(rows["loss"])).astype(float)
    elif counted:
        rows[RIGHT] = right(rows["pred"], np.tile(labels, epochs), experiment.loss.cut)
    return rows


def epochs_of(
    data: Dataset, rows: Mapping[str, Floats], earlier_format: bool = False
) -> dict[str, Floats]:
    """Return the table with a row an epoch, shape (members, epochs).  rows: as from ``passed``."""
    import torch

    held = data.validation
    assert held is not None
    members, count = rows["loss"].shape
    size = data.rows + held.rows
    epochs = count // size
    shape = (members, epochs, size)
    validates = np.arange(count) % size >= data.rows
    batch = 2 * (np.arange(count) // size) + validates
    losses, groups = torch.from_numpy(rows["loss"]), torch.from_numpy(batch)
    means = Ensemble(members).mean(losses, groups, 2 * epochs).numpy()
    mean = np.where(np.isfinite(means), means, np.nan)
    numbers = np.broadcast_to(np.arange(float(epochs)), (members, epochs))
    found = {"epoch": numbers, "train_loss": mean[:, 0::2], "validation_loss": mean[:, 1::2]}
    if RIGHT in rows:
        hits = rows[RIGHT].reshape(shape)
        found["train_accuracy"] = hits[..., : data.rows].mean(-1)
        found["validation_accuracy"] = hits[..., data.rows :].mean(-1)
    found["lowest"] = np.fmin.accumulate(found["validation_loss"], axis=-1)
    for name in ("train", "validation"):
        found[f"plot.{name}_loss"] = clipped.drawn_loss(found[f"{name}_loss"], earlier_format)
    return found


def fields_of(
    data: Dataset, epochs: Mapping[str, Floats], earlier_format: bool = False
) -> dict[str, list[float | str]]:
    """Return what the tab says of the whole run, by key, a number for every member."""
    held = data.validation
    assert held is not None
    losses, lowest = epochs["validation_loss"], epochs["lowest"][:, -1]
    # nan is nowhere the lowest.
    best = np.argmax(losses == lowest[:, None], axis=-1).astype(float)
    members = len(losses)
    values = {
        "train_rows": np.full(members, float(data.rows)),
        "validation_rows": np.full(members, float(held.rows)),
        "best_epoch": np.where(np.isfinite(lowest), best, np.nan),
        "best_loss": lowest,
        "end_loss": losses[:, -1],
    }
    none = float("nan") if earlier_format else BEYOND
    return {
        key: [float(v) if np.isfinite(v) else none for v in each] for key, each in values.items()
    }
