"""The tanh shrink: what tanh takes away from x."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Tanhshrink"]


@dataclass(frozen=True)
class Tanhshrink(Elementwise):
    """x - tanh(x), whose derivative is tanh²."""

    name = "Tanhshrink"
    short = "tshrink"
    summary = "x − tanh(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"{x}-TANH({x})"

    def slope(self, x: str, y: str) -> str:
        # tanh² the long way round, as PyTorch has it.
        return f"(1-(1-TANH({x})*TANH({x})))"

    def on_paper(self, x: str) -> str:
        return f"{x} − tanh({x})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Tanhshrink()

    def by_steps(self, x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor:
        # Further out nothing is left to cancel.
        x = x.clamp(-50, 50)
        return rounding(x - rounding(x.tanh()))


LAYER = Tanhshrink
