"""What a layer did whose units can die, as a ReLU's: the same run without it, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.explaining.findings import Twin, TwinAt
from xlsgd.explaining.training import Length, Training, train
from xlsgd.explaining.ways import one_to_one
from xlsgd.tabs.view import View
from xlsgd.torch_side.stability import stability_limit
from xlsgd.training.nets import Layer, Network
from xlsgd.training.nets.place import Place

__all__ = ["ablated", "can_die", "twin_of"]


def can_die(network: Network) -> tuple[Layer, ...]:
    """Return the layers whose units can die; all they do is to bend what passes."""
    return tuple(place.layer for place in network.places if _bends(place))


def _bends(place: Place) -> bool:
    return bool(place.layer.silence and one_to_one(place))


def ablated(view: View) -> View | None:
    """Return the same without the layers whose units can die, None if it has none, and where a
    graph is none any more without them.

    Weights are called by letters in the order of the layers, or have names: they keep them.
    """
    network = view.experiment.network
    left_out = can_die(network)
    if network.is_graph:
        graph = _bridged(network) if left_out else None
        return None if graph is None else view.but(network=graph)
    layers = tuple(layer for layer in network.layers if layer not in left_out)
    if len(layers) == len(network.layers) or not layers:
        return None
    return view.but(network=Network(layers, network.input_names))


def _bridged(network: Network) -> Network | None:
    """Return a graph in which what goes into the layers whose units can die goes past them; None
    where nothing is left, or a prediction would be something that others take as well."""
    past: dict[str, str] = {}
    called: dict[str, str] = {}
    for place in network.places:
        for name, output in zip(place.inputs, place.outputs, strict=True) if _bends(place) else ():
            past[output] = past.get(name, name)
            if output in network.predictions:
                called[past[output]] = output

    def renamed(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(called.get(past.get(name, name), past.get(name, name)) for name in names)

    places = [
        replace(place, inputs=renamed(place.inputs), outputs=renamed(place.outputs))
        for place in network.places
        if not _bends(place)
    ]
    try:
        return Network.of_places(places, network.input_names, network.free) if places else None
    except SpecError:
        return None


def twin_of(training: Training, length: Length, better: Training | None) -> Twin | None:
    """Return how the run goes without the layers whose units can die, None if it has none.

    better: the run at a better learning rate, if there is one: it is looked at as well.
    """
    other = ablated(training.view)
    if other is None:
        return None
    twin = train(other, training.data, length)
    differs = np.flatnonzero(~_same(training.losses, twin.losses))
    units = training.experiment.network.silences
    awake = np.concatenate([training.awake(unit, training.came_by(unit)) for unit in units])
    # Of several predictions no single number can be told.
    last = training.experiment.network.predictions[-1]
    predictions = training.outputs([training.steps + 1])[last][0]
    alike = bool(
        last == "pred" and np.isfinite(predictions).all() and (predictions == predictions[0]).all()
    )
    return Twin(
        network=str(other.experiment.network),
        verdict=twin.verdict,
        kind=twin.kind,
        rmse=twin.rmse,
        mean_loss=twin.mean_loss,
        losses=len(training.losses),
        equal=not len(differs),
        first_difference=training.step_of_loss(int(differs[0])) if len(differs) else None,
        outputs=len(awake),
        silent=int((~awake).sum()),
        limit=stability_limit(other.experiment, training.data).value,
        all_alike=float(predictions[0]) if alike else None,
        at_suggestion=None if better is None or not len(differs) else _at(better, other, length),
    )


def _at(better: Training, other: View, length: Length) -> TwinAt:
    """Compare at a better learning rate."""
    rate = better.experiment.learning_rate
    without = train(other.at_rate(rate), better.data, length)
    return TwinAt(
        learning_rate=rate,
        verdict_with=better.verdict,
        verdict_without=without.verdict,
        rmse_with=better.rmse,
        rmse_without=without.rmse,
        losses=len(better.losses),
        equal=bool(_same(better.losses, without.losses).all()),
    )


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where two runs have the same loss, bit by bit; no number equals no number."""
    same: NDArray[np.bool_] = (one == other) | (np.isnan(one) & np.isnan(other))
    return same
