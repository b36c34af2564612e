"""The hyperbolic tangent: any number becomes one between -1 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Tanh"]


@dataclass(frozen=True)
class Tanh(Layer):
    """tanh(x), whose derivative is 1 - y²."""

    name = "Tanh"
    short = "tanh"
    summary = "tanh(x)"
    kinks = ()

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return [f"TANH({value})" for value in x]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return [f"{g}*(1-{value}*{value})" for g, value in zip(grad, y, strict=True)]

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Tanh()


LAYER = Tanh
