"""A function of weights, to be looked at from anywhere: its value, and how it bends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from xlsgd.training.nets import Network

if TYPE_CHECKING:
    from torch import Tensor

    from xlsgd.training.functions.function import Function

__all__ = ["Landscape"]


class Landscape:
    """What step rules look at that ask for more than slopes.

    stacked: whether all weights are given as one tensor, shape (weights, …), in the order of
    ``names``, and not as a tensor each. Every element of the rest is a place of its own.
    """

    def __init__(self, network: Network, stacked: bool) -> None:
        self.names = network.parameters
        self._stacked = stacked
        self._function = cast("Function", network.layers[0])

    def by_name(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """Return a tensor for every weight."""
        return list(weights[0].unbind(0)) if self._stacked else list(weights)

    def like(self, weights: Sequence[Tensor], each: Sequence[Tensor]) -> list[Tensor]:
        """Return tensors for every weight as weights are given."""
        import torch

        return [torch.stack(list(each))] if self._stacked else list(each)

    def value(self, each: Sequence[Tensor]) -> Tensor:
        """Return the function where the weights are these, a tensor for each."""
        return self._function.value_of(dict(zip(self.names, each, strict=True)))

    def bends(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """Return the second derivative by every weight, as weights are given."""
        import torch

        leaves = [w.detach().clone().requires_grad_() for w in self.by_name(weights)]
        found = []
        for leaf in leaves:
            with torch.enable_grad():
                value = self.value(leaves).sum()
                (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
                bend = torch.zeros_like(leaf)
                if slope.requires_grad:
                    (bend,) = torch.autograd.grad(
                        slope.sum(), leaf, allow_unused=True, materialize_grads=True
                    )
            found.append(bend)
        return self.like(weights, found)
