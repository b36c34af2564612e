"""The Gaussian error linear unit: x times the share of a normal distribution that is below x."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["GELU", "LAYER"]


@dataclass(frozen=True)
class GELU(Elementwise):
    """x·Φ(x), whose derivative is Φ(x) + x·φ(x); or, with ``tanh``, the formula that is near it."""

    name = "GELU"
    short = "gelu"
    summary = "x·Φ(x), Φ: normal distribution; with (tanh) x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))"
    kinks = ()

    approximate: str = "none"

    def __str__(self) -> str:
        return "GELU" if self.approximate == "none" else "GELU(tanh)"

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> GELU:
        words = ["".join(a.split()).removeprefix("approximate=").strip("'\"") for a in arguments]
        if words in ([], ["none"], ["tanh"]):
            return cls(*words)
        raise ValueError(f"GELU takes nothing or (tanh), got ({', '.join(arguments)})")

    # Sheet side

    def value(self, x: str) -> str:
        if self.approximate == "tanh":
            return f"0.5*{x}*(1+{_tanh(x)})"
        return f"{x}*{_share(x)}"

    def slope(self, x: str, y: str) -> str:
        if self.approximate == "tanh":
            inner = f"SQRT(2/PI())*(1+3*0.044715*{x}*{x})"
            return f"(0.5*(1+{_tanh(x)})+0.5*{x}*(1-{_tanh(x)}*{_tanh(x)})*{inner})"
        return f"({_share(x)}+{x}*EXP(-0.5*{_square(x)})/SQRT(2*PI()))"

    def on_paper(self, x: str) -> str:
        if self.approximate == "tanh":
            return f"{x}/2·(1 + tanh(√(2/π)·({x} + 0.044715·{x}³)))"
        return f"{x}·Φ({x})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.GELU(self.approximate)

    def by_steps(self, x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor:
        import torch

        # Further out nothing is left to cancel, and a huge derivative times nothing no number.
        x = x.clamp(-50, 50)
        if self.approximate == "tanh":
            inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
            from_minus_1 = rounding(torch.tanh(rounding(inner)))
        else:
            from_minus_1 = rounding(torch.erf(x * math.sqrt(0.5)))
        return 0.5 * x * rounding(1 + from_minus_1)


def _share(x: str) -> str:
    """Return Φ(x): the one function of a normal distribution that all programs have right."""
    return f"IF({x}<0,CHIDIST({_square(x)},1)/2,1-CHIDIST({_square(x)},1)/2)"


def _square(x: str) -> str:
    """Return x², as far as it matters: from 2,500 on what follows is 0, and no cell overflows."""
    return f"{x}*{_near(x)}"


def _tanh(x: str) -> str:
    return f"TANH(SQRT(2/PI())*({x}+0.044715*{x}*{_near(x)}*{_near(x)}))"


def _near(x: str) -> str:
    return f"MAX(-50,MIN(50,{x}))"


LAYER = GELU
