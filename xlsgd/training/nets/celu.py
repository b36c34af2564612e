"""The continuously differentiable exponential linear unit: an ELU without a corner."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import expm1, number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CELU", "LAYER"]


@dataclass(frozen=True)
class CELU(Elementwise):
    """x where it is above 0, else alpha·(e^(x/alpha) - 1).

    PyTorch rounds alpha to a float32 in the derivative alone, so the sheet does the same.
    """

    name = "CELU"
    short = "celu"
    summary = "x if x > 0, else alpha·(e^(x/alpha) − 1) (alpha 1)"

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"CELU takes an alpha above 0, got {number(self.alpha)}")

    # Sheet side

    def value(self, x: str) -> str:
        inner = x if self.alpha == 1 else f"({x}/{number(self.alpha)})"
        return f"IF({x}>0,{x},{number(self.alpha)}*{expm1(inner)})"

    def slope(self, x: str, y: str) -> str:
        (single,) = struct.unpack("f", struct.pack("f", self.alpha))
        if single == self.alpha:
            return f"IF(SIGN({x})>0,1,EXP({x}/{number(self.alpha)}))"
        ratio = f"{number(self.alpha)}/{number(single)}"
        return f"IF(SIGN({x})>0,1,{ratio}*EXP({x}/{number(single)}))"

    def on_paper(self, x: str) -> str:
        alpha = number(self.alpha)
        return f"{x} if > 0, else {alpha}·(e^({x}/{alpha}) − 1)"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.CELU(self.alpha)


LAYER = CELU
