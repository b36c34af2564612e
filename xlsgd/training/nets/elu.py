"""The exponential linear unit: below 0 it bends towards −alpha, and never quite stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import expm1, factor

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ELU", "LAYER"]


@dataclass(frozen=True)
class ELU(Elementwise):
    """x where it is above 0, else alpha·(e^x - 1)."""

    name = "ELU"
    short = "elu"
    summary = "x if x > 0, else alpha·(e^x − 1) (alpha 1)"

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if self.alpha == 0:
            raise ValueError("ELU with an alpha of 0 is a ReLU: write ReLU")

    # Sheet side

    def value(self, x: str) -> str:
        # Not x > 0: some programs take the smallest numbers for 0 where they compare.
        return f"IF(SIGN({x})>0,{x},{factor(self.alpha)}*{expm1(x)})"

    def slope(self, x: str, y: str) -> str:
        return f"IF(SIGN({x})>0,1,{factor(self.alpha)}*EXP({x}))"

    def on_paper(self, x: str) -> str:
        return f"{x} if > 0, else {factor(self.alpha)}·(e^{x} − 1)"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.ELU(self.alpha)


LAYER = ELU
