"""Two linear neurons are one: c·(a·x + b) + d = (a·c)·x + (c·b + d).

Shown beside the prediction of every chain of linear neurons without anything in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, on_paper
from xlsgd.training.nets import Network

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["columns", "quantities"]


def columns(network: Network) -> list[Column]:
    """Sheet side: slope, intercept and prediction of the one line that the chain amounts to."""
    if not applies(network):
        return []
    slope, intercept = "1", "0"
    for place in network.places:
        weight = f"{{param.{place.parameters['weight'][0][0]}}}"
        slope = weight if slope == "1" else f"{slope}*{weight}"
        intercept = "0" if intercept == "0" else f"{weight}*({intercept})"
        if "bias" in place.parameters:
            bias = f"{{param.{place.parameters['bias'][0]}}}"
            intercept = bias if intercept == "0" else f"{intercept}+{bias}"
    return [
        _column("slope", slope, "slope of the one line that all the neurons together make"),
        _column("intercept", intercept, "where that line meets x = 0"),
        _column(
            "pred_collapsed",
            "{slope}*{x}+{intercept}",
            "prediction of that one line: the same as pred, with two numbers instead of four",
        ),
    ]


def applies(network: Network) -> bool:
    """Return whether the network is a chain of several linear neurons and nothing else."""
    return network.is_linear and len(network.layers) > 1


def quantities(network: Network, parameters: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """Torch side: the chain as a product of matrices that act on (x, 1).

    parameters: shape (…) each.   x: shape (…).
    """
    import torch

    if not applies(network):
        return {}
    shape = next(iter(parameters.values())).shape
    one, zero = torch.ones(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.float64)
    product = torch.eye(2, dtype=torch.float64).expand(*shape, 2, 2)
    for place in network.places:
        weight = parameters[place.parameters["weight"][0][0]]
        bias = parameters[place.parameters["bias"][0]] if "bias" in place.parameters else zero
        rows = (torch.stack((weight, bias), -1), torch.stack((zero, one), -1))
        product = torch.stack(rows, -2) @ product
    slope, intercept = product[..., 0, 0], product[..., 0, 1]
    line = torch.stack((x.expand(shape), one), -1).unsqueeze(-1)
    return {
        "slope": slope,
        "intercept": intercept,
        "pred_collapsed": (product @ line)[..., 0, 0],
    }


def _column(quantity: str, text: str, note: str) -> Column:
    return Column(
        quantity,
        f"={text}",
        paper=on_paper(text),
        note=note,
        torch="layer2.weight @ layer1.weight, layer2.weight @ layer1.bias + layer2.bias",
        group="collapsed to one neuron",
    )
