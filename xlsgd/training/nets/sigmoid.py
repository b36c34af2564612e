"""The sigmoid: any number becomes one between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Sigmoid"]


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """1/(1 + e^-x), whose derivative is y·(1 - y)."""

    name = "Sigmoid"
    short = "sigmoid"
    summary = "1/(1 + e^−x)"
    kinks = ()
    gives = "probabilities"

    # Sheet side

    def value(self, x: str) -> str:
        # e^709.8 is the largest that a cell can hold. Below -709 the sigmoid is under 1e-307:
        # calling it 0 changes nothing that can be seen and saves the cell from #NUM!.
        return f"IF({x}<-709,0,1/(1+EXP(-({x}))))"

    def slope(self, x: str, y: str) -> str:
        return f"{y}*(1-{y})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Sigmoid()


LAYER = Sigmoid
