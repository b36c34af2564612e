"""Saturated units: outputs so far out, as of a sigmoid, that their slope is nearly 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import SaturatedUnit
from xlsgd.explaining.training import Training
from xlsgd.explaining.ways import Ways, one_to_one
from xlsgd.training.nets.place import Place

__all__ = ["FLAT", "saturated_units", "slopes_of"]

Floats = NDArray[np.float64]

FLAT = 0.01
"""A unit is saturated where it is less steep than this share of its steepest slope: what is before
it learns a hundred times more slowly there, and what takes 10 epochs elsewhere takes 1,000. That is
beyond ±3 for a tanh and beyond ±6 for a sigmoid."""
_NEARLY = 0.9
"""A unit is told of that is saturated in this share of the rows at least."""
_FAR = (100.0, 200.0, 400.0)
"""Inputs that are far out for every function with an end that is flat."""
_NEAR = (5.0, 10.0)
"""Around 0, the steepest slope up to both is about the same, unless there is no steepest one."""
_SAME = 1.5
_AT_ONCE = 200_000
"""Outputs of a layer looked at at once."""


def saturated_units(training: Training, where: Citation) -> tuple[SaturatedUnit, ...]:
    """Return the units that are saturated for nearly every row at the start, or at the end.

    Units that can be silent are not among them: they are exactly flat, and then dead.
    """
    found = []
    for place in training.experiment.network.places:
        steepest = _steepest(place)
        if steepest:
            found += _saturated(training, place, steepest, where)
    return tuple(found)


def slopes_of(place: Place, values: Floats) -> Floats:
    """Return the slope of a layer without weights, which treats every number by itself."""
    import torch

    x = torch.tensor(values, requires_grad=True)
    with torch.enable_grad():
        slopes: Floats = torch.autograd.grad(place.layer.module()(x).sum(), x)[0].numpy()
    return slopes


def _steepest(place: Place) -> float:
    """Return the steepest slope of a layer whose units can be saturated; 0 for all others.

    Those bend every number by itself, are flat far out on one side at least, and have a steepest
    slope: exp has none, and sin is never flat for long.
    """
    if not one_to_one(place) or place.layer.silence:
        return 0.0
    near, wider = (np.abs(slopes_of(place, np.linspace(-e, e, 2001))).max() for e in _NEAR)
    if not (np.isfinite(wider) and 0 < wider <= _SAME * near):
        return 0.0
    ends = (np.abs(slopes_of(place, side * np.array(_FAR))) for side in (-1, 1))
    return float(wider) if any((end < FLAT * wider).all() for end in ends) else 0.0


def _saturated(
    training: Training, place: Place, steepest: float, where: Citation
) -> list[SaturatedUnit]:
    count = training.steps + 1
    every = max(1, _AT_ONCE // (training.data.rows * len(place.outputs)))
    parts = [
        _flat(place, training.values(place.inputs, range(i, min(i + every, count + 1))), steepest)
        for i in range(1, count + 1, every)
    ]
    flat = np.concatenate(parts)  # (steps + 1, rows, units)
    share = flat.mean(1)
    ends = training.values(place.inputs, [1, count])
    ways, found = Ways(training.experiment.network), []
    for number, unit in enumerate(place.outputs):
        out = share[:, number] >= _NEARLY
        if not (out[0] or out[-1]):
            continue
        since = int(np.flatnonzero(~out)[-1]) + 2 if not out.all() else 1
        at = 1 if out[-1] else 0
        inputs = ends[at, :, number]
        worst = np.abs(slopes_of(place, inputs))[flat[-1 if at else 0, :, number]].max()
        found.append(
            SaturatedUnit(
                unit=unit,
                layer=place.layer.name,
                since=since if out[-1] else 0,
                rows_at_start=int(flat[0, :, number].sum()),
                rows_at_end=int(flat[-1, :, number].sum()),
                rows_of_data=training.data.rows,
                slope=float(worst),
                steepest=steepest,
                least_input=float(inputs.min()),
                greatest_input=float(inputs.max()),
                weights=ways.into(unit),
                cell=where.unit(unit, training, min(since, training.steps) if out[-1] else 1),
            )
        )
    return found


def _flat(place: Place, inputs: Floats, steepest: float) -> NDArray[np.bool_]:
    """Return where a layer is flat, and stays so further out: not just at a top or a bottom."""
    flat = np.abs(slopes_of(place, inputs)) < FLAT * steepest
    further = np.abs(slopes_of(place, 2 * inputs)) < FLAT * steepest
    finite: NDArray[np.bool_] = np.isfinite(inputs)
    return flat & further & finite
