"""Start weights as PyTorch draws them."""

from __future__ import annotations

from xlsgd.training.nets import Network
from xlsgd.training.nets.graph import flat

__all__ = ["initial_weights"]


def initial_weights(network: Network, seed: int) -> dict[str, float]:
    """Return the weights with which PyTorch's own layers begin, with six digits after the point.

    seed: of PyTorch's random numbers; those of whoever else uses them stay as they were.
    """
    import torch

    found: dict[str, float] = {}
    with torch.random.fork_rng(devices=[]):
        for number, place in enumerate(network.places):
            # A layer that is made leaves the random numbers as they were: each has its own.
            torch.manual_seed(1000 * seed + number)
            for kind, parameter in place.layer.module().named_parameters():
                values = parameter.detach().double().ravel().tolist()
                names = flat(place.parameters[kind])
                found |= {n: round(v, 6) for n, v in zip(names, values, strict=True)}
    return found
