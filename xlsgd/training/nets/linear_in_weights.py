"""Networks whose prediction is a sum of weights, each times a number made of the inputs."""

from __future__ import annotations

from xlsgd.training.nets.linear import Linear
from xlsgd.training.nets.network import Network, Place
from xlsgd.training.nets.sum import Sum

__all__ = ["linear_in_weights", "weighted_place"]


def linear_in_weights(network: Network) -> bool:
    """Return whether the prediction is a sum of weights, each times a number made of inputs.

    That is so where one layer alone has weights, it is Linear, and what follows only adds up.
    Layers before it do not matter: whatever they make of the inputs, no weight changes it. Two
    Linear layers in a row multiply weights with each other.
    """
    weighted = [i for i, place in enumerate(network.places) if place.parameters]
    if len(weighted) != 1:
        return False
    layer, *following = network.layers[weighted[0] :]
    return isinstance(layer, Linear) and all(isinstance(after, Sum) for after in following)


def weighted_place(network: Network) -> Place:
    """Return the place of the one layer with weights, in a network that is linear in them."""
    return next(place for place in network.places if place.parameters)
