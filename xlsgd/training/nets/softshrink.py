"""The soft shrink: every number comes nearer to 0, and what is small becomes 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Softshrink"]


@dataclass(frozen=True)
class Softshrink(Elementwise):
    """x - lambd above lambd, x + lambd below -lambd, and 0 between them."""

    name = "Softshrink"
    short = "sshrink"
    summary = "x moved towards 0 by lambd (0.5), at most to 0"
    silence = Silence((0.0,))

    lambd: float = 0.5

    def __post_init__(self) -> None:
        if not self.lambd > 0:
            raise ValueError(f"Softshrink takes a lambd above 0, got {number(self.lambd)}")

    @property
    def kinks(self) -> tuple[float, ...]:
        return (-self.lambd, self.lambd)

    # Sheet side

    def value(self, x: str) -> str:
        lambd = number(self.lambd)
        return f"MAX(0,{x}-{lambd})+MIN(0,{x}+{lambd})"

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        return f"IF(ABS({x})>{number(self.lambd)},{grad},0)"

    def on_paper(self, x: str) -> str:
        lambd = number(self.lambd)
        return f"max(0, {x} − {lambd}) + min(0, {x} + {lambd})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Softshrink(self.lambd)


LAYER = Softshrink
