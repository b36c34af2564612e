"""The leaky rectified linear unit: negative numbers are let through a little, so it cannot die."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import factor, number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "LeakyReLU"]


@dataclass(frozen=True)
class LeakyReLU(Elementwise):
    """x where it is above 0, else negative_slope times x, which is also its derivative at 0."""

    name = "LeakyReLU"
    short = "leaky"
    summary = "x if x > 0, else negative_slope·x (0.01)"

    negative_slope: float = 0.01

    def __post_init__(self) -> None:
        if self.negative_slope == 0:
            raise ValueError("LeakyReLU with a negative_slope of 0 is a ReLU: write ReLU")

    # Sheet side

    def value(self, x: str) -> str:
        return f"MAX(0,{x})+{factor(self.negative_slope)}*MIN(0,{x})"

    def slope(self, x: str, y: str) -> str:
        # Not x > 0: some programs take the smallest numbers for 0 where they compare.
        return f"IF(SIGN({x})>0,1,{number(self.negative_slope)})"

    def on_paper(self, x: str) -> str:
        return f"{x} if > 0, else {number(self.negative_slope)}·{x}"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.LeakyReLU(self.negative_slope)


LAYER = LeakyReLU
