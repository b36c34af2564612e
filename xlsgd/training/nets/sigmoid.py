"""The sigmoid: any number becomes one between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Sigmoid"]


@dataclass(frozen=True)
class Sigmoid(Layer):
    """1/(1 + e^-x), whose derivative is y·(1 - y)."""

    name = "Sigmoid"
    short = "sigmoid"
    summary = "1/(1 + e^−x)"
    kinks = ()

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        # e^709.8 is the largest that a cell can hold. Below -709 the sigmoid is under 1e-307:
        # calling it 0 changes nothing that can be seen and saves the cell from #NUM!.
        return [f"IF({value}<-709,0,1/(1+EXP(-({value}))))" for value in x]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return [f"{g}*{value}*(1-{value})" for g, value in zip(grad, y, strict=True)]

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Sigmoid()


LAYER = Sigmoid
