"""Softsign: like tanh from -1 to 1, but it gets there slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Softsign"]


@dataclass(frozen=True)
class Softsign(Elementwise):
    """x/(1 + |x|), whose derivative is 1/(1 + |x|)²."""

    name = "Softsign"
    short = "softsign"
    summary = "x/(1 + |x|)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"{x}/(1+ABS({x}))"

    def slope(self, x: str, y: str) -> str:
        return f"(1/(1+ABS({x}))/(1+ABS({x})))"

    def on_paper(self, x: str) -> str:
        return f"{x}/(1 + |{x}|)"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Softsign()


LAYER = Softsign
