"""The rectified linear unit: negative numbers become 0, the others pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "ReLU"]


@dataclass(frozen=True)
class ReLU(Elementwise):
    """max(0, x).  Its derivative at exactly 0 is 0, as in PyTorch."""

    name = "ReLU"
    short = "relu"
    summary = "max(0, x)"
    silence = Silence((0.0,), lowest=True)

    # Sheet side

    def value(self, x: str) -> str:
        return f"MAX(0,{x})"

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        return f"IF({x}>0,{grad},0)"

    def of_array(self, x: str) -> str:
        return f"{x}*({x}>0)"

    def on_paper(self, x: str) -> str:
        return f"max(0, {x})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.ReLU()


LAYER = ReLU
