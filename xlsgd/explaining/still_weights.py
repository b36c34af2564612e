"""Weights that stand still though no unit has died: what makes their derivative 0?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlsgd.explaining.findings import DeadUnit, StillWeights
from xlsgd.explaining.training import Training
from xlsgd.training.nets.place import Place

__all__ = ["still_weights"]


def still_weights(training: Training, dead: tuple[DeadUnit, ...]) -> StillWeights | None:
    """Return the weights whose derivative has been exactly 0 for a whole epoch and to the end.

    None if there are none but those that a dead unit holds, if the numerical derivative is frozen,
    and if the loss is 0: then there is nothing to find any more.
    """
    explained = {p for unit in dead for p in unit.still}
    left = tuple(p for p in training.still if p not in explained)
    if not left or training.number("frozen_since") or training.mean_loss == 0:
        return None
    since = [int(training.table[f"nonzero.{p}"].max()) + 1 for p in left]
    everything = set(training.still) == set(training.experiment.network.groups)
    return StillWeights(max(since), left, everything, {p: _why(training, p) for p in left})


def _why(training: Training, weight: str) -> str:
    """Return why a weight's derivative is 0, as far as the weights at the end show it.

    The derivative for a weight is a product: of what the weight is multiplied by, and of how the
    loss changes with what comes out of its layer.
    """
    network = training.experiment.network
    if network.is_graph or weight not in network.parameters:
        return ""
    end = training.steps + 1
    outputs, values = training.outputs([end]), training.before(end)
    at = next(i for i, place in enumerate(network.places) if weight in place.weights)
    found = _place_in(network.places[at], weight)
    if found is None:
        return ""
    number, source = found
    seen = np.ones(training.data.rows)
    if source:
        seen = outputs[source][0] if source in outputs else np.array(training.data.inputs[source])
    if not seen.any():
        return f"{weight} is multiplied by {source}, which is 0 in every row"
    for after in network.places[at + 1 :]:
        if after.parameters:
            way = [row[number] for row in after.parameters["weight"]]
            if not any(values[p] for p in way):
                verb = "is" if len(way) == 1 else "are"
                return f"what {weight} makes is multiplied by {' and '.join(way)}, which {verb} 0"
            break
        if len(after.inputs) != len(after.outputs) or after.layer.mixes:
            break
        output = after.outputs[number]
        silence = after.layer.silence
        if silence and not training.awake(output, outputs[output][0])[seen != 0].any():
            rows = int((seen != 0).sum())
            if rows == len(seen):
                return f"{output}, behind {weight}, is {silence.words} for every row of data"
            return (
                f"{weight} is multiplied by {source}, and in the {rows} of {len(seen)} rows where "
                f"that is not 0, {output} is {silence.words}"
            )
        before = outputs[after.inputs[number]][0]
        if not (_slopes(after, before) * (seen != 0)).any():
            return f"{output}, behind {weight}, is so far out that its slope is 0 in every row"
    return ""


def _slopes(place: Place, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope of a layer without weights, which treats every number by itself."""
    import torch

    x = torch.tensor(values, requires_grad=True)
    with torch.enable_grad():
        slopes: NDArray[np.float64] = torch.autograd.grad(place.layer.module()(x).sum(), x)[
            0
        ].numpy()
    return slopes


def _place_in(place: Place, weight: str) -> tuple[int, str] | None:
    """Return which output of a layer a weight belongs to, and what it is multiplied by, "" for a
    bias; None in a layer that does not weigh its inputs."""
    if not place.layer.weighs_inputs:
        return None
    for number, row in enumerate(place.parameters.get("weight", ())):
        if weight in row:
            return number, place.inputs[row.index(weight)]
    return list(place.parameters["bias"]).index(weight), ""
