"""The scaled exponential linear unit, which keeps what goes through many layers at one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import expm1, number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "SELU"]

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805


@dataclass(frozen=True)
class SELU(Elementwise):
    """An ELU with the alpha of Klambauer et al. 2017, times their scale; at 0 the slope jumps."""

    name = "SELU"
    short = "selu"
    summary = "1.0507·x if x > 0, else 1.0507·1.6733·(e^x − 1)"

    # Sheet side

    def value(self, x: str) -> str:
        # Not x > 0: some programs take the smallest numbers for 0 where they compare.
        return f"{number(SCALE)}*IF(SIGN({x})>0,{x},{number(ALPHA)}*{expm1(x)})"

    def slope(self, x: str, y: str) -> str:
        return f"{number(SCALE)}*IF(SIGN({x})>0,1,{number(ALPHA)}*EXP({x}))"

    def on_paper(self, x: str) -> str:
        return f"1.0507·({x} if > 0, else 1.6733·(e^{x} − 1))"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.SELU()


LAYER = SELU
