"""The hyperbolic tangent: any number becomes one between -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Tanh"]


@dataclass(frozen=True)
class Tanh(Elementwise):
    """tanh(x), whose derivative is 1 - y²."""

    name = "Tanh"
    short = "tanh"
    summary = "tanh(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"TANH({x})"

    def slope(self, x: str, y: str) -> str:
        return f"(1-{y}*{y})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Tanh()


LAYER = Tanh
