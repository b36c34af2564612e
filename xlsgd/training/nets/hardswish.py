"""The hard swish: SiLU made of straight lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Hardswish"]


@dataclass(frozen=True)
class Hardswish(Elementwise):
    """x·min(max(0, x + 3), 6)/6: 0 below -3, x above 3."""

    name = "Hardswish"
    short = "hswish"
    summary = "x·min(max(0, x + 3), 6)/6"
    kinks = (-3.0, 3.0)
    silence = Silence((0.0,))

    # Sheet side

    def value(self, x: str) -> str:
        return f"{x}*MIN(MAX(0,{x}+3),6)/6"

    def slope(self, x: str, y: str) -> str:
        return f"IF({x}>-3,IF({x}<3,{x}/3+0.5,1),0)"

    def on_paper(self, x: str) -> str:
        return f"{x}·min(max(0, {x} + 3), 6)/6"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Hardswish()


LAYER = Hardswish
