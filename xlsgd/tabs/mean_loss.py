"""The mean loss of all rows of data in one cell, for any values of the weights.

One formula over whole columns: for nets that weigh inputs, bend and add up, or are a formula of
arithmetic alone, and for losses that can be written over arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlsgd.base.columns import Input
from xlsgd.training.experiment import Experiment
from xlsgd.training.functions.calculus import FUNCTIONS
from xlsgd.training.functions.function import Function
from xlsgd.training.nets.place import Place

__all__ = ["ROWS", "applies", "is_bowl", "mean_loss", "slopes", "weights_after"]

ROWS = Input("rows", "=COUNT({data.y})", "rows of data", fixed=True)

_MOST = 2000
"""Characters of such a formula, of 8192 that a cell takes: names grow when they become cells."""


def applies(experiment: Experiment) -> bool:
    """Return whether there is such a formula."""
    network, loss = experiment.network, experiment.loss
    return (
        network.takes_data
        and not network.is_graph
        and len(experiment.targets) == len(network.predictions) == 1
        and loss.of_arrays("", "") is not None
        and not loss.weighs
        and not loss.is_summed
        and all(map(_over_arrays, network.places))
        and len(mean_loss(experiment, {p: p for p in network.parameters})) <= _MOST
    )


def _over_arrays(place: Place) -> bool:
    layer = place.layer
    if isinstance(layer, Function):
        return not any(f"{name}(" in layer.text for name in FUNCTIONS)
    if place.parameters:
        return layer.weighs_inputs
    return layer.of_array("") is not None or layer.gains(len(place.inputs)) is not None


def mean_loss(experiment: Experiment, weights: Mapping[str, str]) -> str:
    """Return the template of the mean loss, without a leading ``=``.

    weights: what stands there for every parameter.
    """
    values: Sequence[str] = [f"{{data.{x}}}" for x in experiment.network.input_names]
    for place in experiment.network.places:
        values = _passed(place, values, weights)
    losses = experiment.loss.of_arrays(f"({values[0]})", "{data.y}")
    return f"SUMPRODUCT({losses})/{{rows}}"


def _passed(place: Place, x: Sequence[str], weights: Mapping[str, str]) -> list[str]:
    layer = place.layer
    if isinstance(layer, Function):
        named = {kind: weights[p] for kind, p in place.parameters.items()}
        return layer.forward(x, named)
    if place.parameters:
        rows = place.parameters["weight"]
        biases = place.parameters.get("bias", [None] * len(rows))
        found = []
        for row, bias in zip(rows, biases, strict=True):
            terms = [f"{weights[p]}*{_alone(each)}" for p, each in zip(row, x, strict=True)]
            found.append("+".join([*terms, *([weights[bias]] if bias else [])]))
        return found
    if layer.of_array("") is not None:
        return [str(layer.of_array(f"({each})")) for each in x]
    gains = layer.gains(len(x))
    assert gains is not None, "asked of nets to which it applies"
    return [
        "+".join(f"{_alone(each)}" if g == 1 else f"{g:g}*{_alone(each)}"
                 for g, each in zip(row, x, strict=True))
        for row in gains
    ]  # fmt: skip


def _alone(text: str) -> str:
    return text if text.startswith("{") and text.count("{") == 1 else f"({text})"


def is_bowl(experiment: Experiment) -> bool:
    """Return whether the mean loss is a parabola in every direction, and ``slopes`` has a formula
    for it: where one layer adds up weights, each times a number made of inputs."""
    places = experiment.network.places
    return (
        applies(experiment)
        and experiment.loss.curvature is not None
        and len(places) == 1
        and places[0].layer.adds_up_weights
    )


def slopes(experiment: Experiment) -> dict[str, str]:
    """Return by how much the prediction changes with every weight, as templates of whole columns,
    for a bowl."""
    (place,) = experiment.network.places
    inputs = experiment.network.input_names
    if isinstance(place.layer, Function):
        cells = {x: f"{{data.{x}}}" for x in inputs}
        names = {p: kind for kind, p in place.parameters.items()}
        found = {p: place.layer.slope_by(p, cells) for p in names}
    else:
        (row,) = place.parameters["weight"]
        found = dict(zip(row, (f"{{data.{x}}}" for x in inputs), strict=True))
        found |= dict.fromkeys(place.parameters.get("bias", ()), "1")
    column = f"{{data.{inputs[0]}}}"
    # A number is made a column: 1 in every row.
    return {p: text if "{" in text else f"({text}+0*{column})" for p, text in found.items()}


def weights_after(experiment: Experiment, p: str, epochs: str) -> str:
    """Return the template of a weight after so many epochs, without a leading ``=``.

    epochs: the template of their number; 0 for the start.
    """
    id = experiment.id
    step, steps = f"{epochs}*{{@{id}.steps_per_epoch}}", f"{{@{id}.steps.step}}"
    # With batches a step has several rows; weights are new in its last.
    last = f"MATCH({step},{steps},0)+COUNTIF({steps},{step})-1"
    return f"IF({epochs}<=0,{{@{id}.init.{p}}},SUM(INDEX({{@{id}.steps.new.{p}}},{last})))"
