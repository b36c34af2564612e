"""The rectified linear unit with a lid: negative numbers become 0, what is above 6 becomes 6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "ReLU6"]


@dataclass(frozen=True)
class ReLU6(Elementwise):
    """min(max(0, x), 6).  Its derivative at exactly 0 and 6 is 0, as in PyTorch."""

    name = "ReLU6"
    short = "relu6"
    summary = "min(max(0, x), 6)"
    kinks = (0.0, 6.0)
    silence = Silence((0.0, 6.0))

    # Sheet side

    def value(self, x: str) -> str:
        return f"MIN(MAX(0,{x}),6)"

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        return f"IF(AND(SIGN({x})>0,{x}<6),{grad},0)"

    def on_paper(self, x: str) -> str:
        return f"min(max(0, {x}), 6)"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.ReLU6()


LAYER = ReLU6
