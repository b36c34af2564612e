"""The hard shrink: what is small becomes 0, the rest passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Hardshrink"]


@dataclass(frozen=True)
class Hardshrink(Elementwise):
    """x, but 0 from -lambd to lambd, where its derivative is 0 as well."""

    name = "Hardshrink"
    short = "hshrink"
    summary = "0 from −lambd to lambd (0.5), else x"
    silence = Silence((0.0,))

    lambd: float = 0.5

    def __post_init__(self) -> None:
        if not self.lambd > 0:
            raise ValueError(f"Hardshrink takes a lambd above 0, got {number(self.lambd)}")

    @property
    def kinks(self) -> tuple[float, ...]:
        return (-self.lambd, self.lambd)

    # Sheet side

    def value(self, x: str) -> str:
        return self.handed_back(x, x, "")

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        return f"IF(ABS({x})>{number(self.lambd)},{grad},0)"

    def on_paper(self, x: str) -> str:
        return f"{x} if |{x}| > {number(self.lambd)}, else 0"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Hardshrink(self.lambd)


LAYER = Hardshrink
