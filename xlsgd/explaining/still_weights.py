"""Weights that stand still though no unit has died: what makes their derivative 0?"""

from __future__ import annotations

import numpy as np

from xlsgd.explaining.findings import DeadUnit, StillWeights
from xlsgd.explaining.saturation import slopes_of
from xlsgd.explaining.training import Training
from xlsgd.explaining.ways import Ways, factor, partner
from xlsgd.training.operations.add import Add
from xlsgd.training.operations.multiply import Multiply
from xlsgd.training.operations.subtract import Subtract

__all__ = ["still_weights"]


def still_weights(training: Training, dead: tuple[DeadUnit, ...]) -> StillWeights | None:
    """Return the weights whose derivative has been exactly 0 for a whole epoch and to the end.

    None if there are none but those that a dead unit holds, if the numerical derivative is frozen,
    and if the loss is 0: then there is nothing to find any more.
    """
    explained = {p for unit in dead for p in unit.still}
    groups = training.experiment.told_of
    left = tuple(p for p in training.still if not explained.issuperset(groups[p]))
    if not left or training.number("frozen_since") or training.mean_loss == 0:
        return None
    since = [int(training.table[f"nonzero.{p}"].max()) + 1 for p in left]
    everything = set(training.still) == set(groups)
    return StillWeights(max(since), left, everything, {p: _why(training, p) for p in left})


def _why(training: Training, weight: str) -> str:
    """Return why a weight's derivative is 0, as far as the weights at the end show it.

    The derivative for a weight is a product: of what the weight is multiplied by, and of how the
    loss changes with what comes out of its layer.
    """
    network = training.experiment.network
    if weight not in network.parameters:
        return ""
    ways = Ways(network)
    found = _use_of(ways, weight)
    if found is None:
        return ""
    made, source = found
    end = training.steps + 1
    outputs, values = training.outputs([end]), training.before(end)
    seen = training.values([source], [end])[0, :, 0] if source else np.ones(training.data.rows)
    if not seen.any():
        return f"{weight} is multiplied by {source}, which is 0 in every row"
    for after, number in ways.onwards(made):
        if after.parameters:
            way = [row[number] for row in after.parameters["weight"]]
            if not any(values[p] for p in way):
                verb = "is" if len(way) == 1 else "are"
                return f"what {weight} makes is multiplied by {' and '.join(way)}, which {verb} 0"
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
        if not (slopes_of(after, before) * (seen != 0)).any():
            return f"{output}, behind {weight}, is so far out that its slope is 0 in every row"
    return ""


def _use_of(ways: Ways, weight: str) -> tuple[str, str] | None:
    """Return what a weight makes, and what it is multiplied by, "" where by nothing; None where it
    is used more than once, or otherwise."""
    used = ways.uses(weight)
    if len(used) != 1:
        return None
    place, number = used[0]
    if place.layer.weighs_inputs:
        return place.outputs[number], factor(place, number, weight)
    if isinstance(place.layer, Multiply):
        return place.outputs[number], partner(place, place.inputs.index(weight))
    if isinstance(place.layer, Add | Subtract):
        return place.outputs[number], ""
    return None
