"""The hard sigmoid: a straight line from 0 to 1, cut off at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Hardsigmoid"]

# PyTorch has 1/6 in single precision here, whatever the precision of x: 0.16666667163…
SIXTH = "11184811/2^26"


@dataclass(frozen=True)
class Hardsigmoid(Elementwise):
    """(x + 3)/6 between -3 and 3, where its derivative is 1/6; 0 below and 1 above."""

    name = "Hardsigmoid"
    short = "hardsig"
    summary = "min(max(0, x + 3), 6)/6"
    kinks = (-3.0, 3.0)
    gives = "probabilities"
    silence = Silence((0.0, 1.0))

    # Sheet side

    def value(self, x: str) -> str:
        return f"MIN(MAX(0,{x}+3),6)/6"

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        return f"IF(AND({x}>-3,{x}<3),{grad}*{SIXTH},0)"

    def on_paper(self, x: str) -> str:
        return f"min(max(0, {x} + 3), 6)/6"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Hardsigmoid()


LAYER = Hardsigmoid
