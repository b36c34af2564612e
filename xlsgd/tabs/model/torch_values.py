"""What torch has for the model tab, by PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.data.schema import Schema
from xlsgd.tabs.model.columns import says, silent_at_0
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities.accuracy import right
from xlsgd.verdict import BEYOND

__all__ = ["Forward", "filled_words", "forward", "histogram_values"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forward:
    """A forward pass, for every member of an ensemble.

    rows: quantity to numbers of shape (members, rows).   fields: key to a number per member.
    """

    rows: dict[str, Floats]
    fields: dict[str, list[float | str]]


def forward(
    experiment: Experiment,
    data: Dataset,
    weights: Mapping[str, Floats],
    earlier_format: bool = False,
) -> Forward:
    """Return what torch has for ``forward_table`` and ``fields``.

    weights: by parameter, shape (members,).
    """
    import torch

    from xlsgd.torch_side import Ensemble, TorchNet

    members = len(next(iter(weights.values())))
    ensemble = Ensemble(members)
    names = experiment.network.input_names
    x = ensemble.copies(np.array([data.inputs[name] for name in names]).T)
    y = ensemble.targets(experiment.loss, data.y)
    flat = {
        p: torch.from_numpy(np.ascontiguousarray(v)).unsqueeze(1).expand(y.shape).reshape(-1)
        for p, v in weights.items()
    }
    with torch.no_grad():
        found = TorchNet(experiment, ensemble).evaluate(x.reshape(-1, x.shape[-1]), y.reshape(-1))(
            flat
        )
    rows = {name: value.reshape(y.shape).numpy() for name, value in found.items()}
    rows["y"] = np.broadcast_to(np.array(data.y), y.shape)
    batch = torch.zeros(data.rows, dtype=torch.int64)
    mean = ensemble.mean(torch.from_numpy(rows["loss"]), batch, 1)[:, 0].numpy()
    pred, label = rows["pred"], rows["y"]
    with np.errstate(invalid="ignore"):
        above = (pred > 1) & np.isfinite(pred)
    per_member: dict[str, Floats] = {
        "rows": np.full(members, float(data.rows)),
        "mean_loss": np.where(np.isfinite(mean), mean, np.nan),
        "accuracy": right(pred, label, experiment.loss.cut).mean(1),
        "above_1": above.sum(1).astype(float),
    }
    units = silent_at_0(experiment)
    if units:
        zero = np.all([rows[unit] == 0 for unit in units], axis=0)
        per_member["all_zero"] = zero.sum(1).astype(float)
    none = float("nan") if earlier_format else BEYOND
    fields = {
        key: [float(v) if np.isfinite(v) else none for v in each]
        for key, each in per_member.items()
    }
    return Forward(rows, fields)


def histogram_values(found: Forward, begins: Floats, ends: Floats) -> dict[str, Floats]:
    """Return what is expected of ``histogram_table``, shape (members, bars) each.

    begins, ends: of every bar, as the sheet has them.
    """
    pred, y = found.rows["pred"][:, None, :], found.rows["y"][:, None, :]
    with np.errstate(invalid="ignore"):
        inside = (pred >= begins[None, :, None]) & (pred < ends[None, :, None])
        inside &= np.isfinite(pred)
    return {f"y_{label}": (inside & (y == label)).sum(-1).astype(float) for label in (0, 1)}


def filled_words(
    schema: Schema,
    filled: Mapping[str, object],
    pred: Sequence[float],
    cut: float,
    earlier_format: bool = False,
) -> list[float | str]:
    """Return what the row to fill in says.

    filled: what is filled in.   pred: its prediction, one a member.   cut: see ``says``.
    """
    above, below, missing = says(schema, cut)
    complete = all(
        isinstance(filled[raw.name], float)
        if raw.holds == "number"
        else filled[raw.name] not in (None, "")
        for raw in schema.asked
    )
    if not complete:
        return [missing for _ in pred]
    beyond = missing if earlier_format else BEYOND
    return [
        beyond if not np.isfinite(number) else above if number > cut else below for number in pred
    ]
