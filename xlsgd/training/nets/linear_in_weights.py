"""Networks whose prediction is a sum of weights, each times a number made of the inputs."""

from __future__ import annotations

from xlsgd.training.nets.network import Network
from xlsgd.training.nets.place import Place

__all__ = ["linear_in_weights", "unit_gains", "weighted_place"]


def linear_in_weights(network: Network) -> bool:
    """Return whether there is one prediction, a sum of weights, each times a number made of inputs.

    That is so where one layer alone has weights, it weighs its inputs, and what follows is linear:
    it only adds up. Layers before it do not matter: whatever they make of the inputs, no weight
    changes it. Two linear layers in a row multiply weights with each other.
    """
    if network.is_graph or len(network.predictions) > 1:
        return False
    weighted = [i for i, place in enumerate(network.places) if place.parameters]
    if len(weighted) != 1:
        return False
    place, *following = network.places[weighted[0] :]
    return place.layer.weighs_inputs and all(
        after.layer.gains(len(after.inputs)) is not None for after in following
    )


def weighted_place(network: Network) -> Place:
    """Return the place of the one layer with weights, in a network that is linear in them."""
    return next(place for place in network.places if place.parameters)


def unit_gains(network: Network) -> list[float]:
    """Return by how much the prediction changes with every output of the layer with weights, in a
    network that is linear in them."""
    at = network.places.index(weighted_place(network))
    gains = [1.0]
    for after in reversed(network.places[at + 1 :]):
        slopes = after.layer.gains(len(after.inputs))
        assert slopes is not None, "the network is linear in its weights"
        columns = zip(*slopes, strict=True)
        gains = [sum(g * s for g, s in zip(gains, column, strict=True)) for column in columns]
    return gains
