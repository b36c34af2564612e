"""Mish: x times the hyperbolic tangent of ln(1 + e^x)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import sigmoid, softplus

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Mish"]


@dataclass(frozen=True)
class Mish(Elementwise):
    """x·t with t = tanh(ln(1 + e^x)), whose derivative is t + x·σ(x)·(1 - t²)."""

    name = "Mish"
    short = "mish"
    summary = "x·tanh(ln(1 + e^x))"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"{x}*{_tanh(x)}"

    def slope(self, x: str, y: str) -> str:
        return f"({_tanh(x)}+{x}*{sigmoid(x)}*(1-{_tanh(x)}*{_tanh(x)}))"

    def on_paper(self, x: str) -> str:
        return f"{x}·tanh(ln(1 + e^{x}))"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Mish()


def _tanh(x: str) -> str:
    return f"TANH({softplus(x)})"


LAYER = Mish
