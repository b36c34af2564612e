"""Networks, graphs among them, whose predictions are sums of weights, each times a number made of
the inputs."""

from __future__ import annotations

from xlsgd.training.nets import Network
from xlsgd.training.operations.add import Add
from xlsgd.training.operations.multiply import Multiply
from xlsgd.training.operations.subtract import Subtract

__all__ = ["adds_up"]


def adds_up(network: Network) -> bool:
    """Return whether every prediction is a sum of weights, each times a number made of inputs: then
    a loss that is convex has no level part but its minimum.

    It goes by what the operations are: a product of two numbers that weights make is not multiplied
    out, though their weights might cancel.
    """
    weighted = set(network.free)
    for place in network.places:
        into = [name in weighted for name in place.inputs]
        half = len(into) // 2
        if place.parameters:
            straight = place.layer.adds_up_weights and not any(into)
        elif isinstance(place.layer, Multiply):
            straight = not any(a and b for a, b in zip(into[:half], into[half:], strict=True))
        else:
            straight = (
                not any(into)
                or isinstance(place.layer, Add | Subtract)
                or place.layer.gains(len(into)) is not None
            )
        if not straight:
            return False
        if place.parameters or any(into):
            weighted |= {*place.outputs}
    return True
