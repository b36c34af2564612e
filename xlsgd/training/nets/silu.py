"""The sigmoid linear unit, also called swish: x times the sigmoid of x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import sigmoid

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "SiLU"]


@dataclass(frozen=True)
class SiLU(Elementwise):
    """x·σ(x), whose derivative is σ·(1 + x·(1 - σ))."""

    name = "SiLU"
    short = "silu"
    summary = "x/(1 + e^−x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"{x}*{sigmoid(x)}"

    def slope(self, x: str, y: str) -> str:
        return f"{sigmoid(x)}*(1+{x}*(1-{sigmoid(x)}))"

    def on_paper(self, x: str) -> str:
        return f"{x}/(1 + e^−{x})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.SiLU()


LAYER = SiLU
