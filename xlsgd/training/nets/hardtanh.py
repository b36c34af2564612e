"""The hard tanh: x itself, cut off at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Hardtanh"]


@dataclass(frozen=True)
class Hardtanh(Elementwise):
    """max(min_val, min(max_val, x)).  Its derivative at either end is 0, as in PyTorch."""

    name = "Hardtanh"
    short = "hard"
    summary = "max(min_val, min(max_val, x)) (-1, 1)"

    min_val: float = -1.0
    max_val: float = 1.0

    def __post_init__(self) -> None:
        if not self.min_val < self.max_val:
            raise ValueError(
                f"Hardtanh takes a min_val below its max_val, got {number(self.min_val)} and "
                f"{number(self.max_val)}"
            )

    @property
    def kinks(self) -> tuple[float, ...]:
        return (self.min_val, self.max_val)

    @property
    def silence(self) -> Silence:
        return Silence((self.min_val, self.max_val))

    # Sheet side

    def value(self, x: str) -> str:
        return f"MAX({number(self.min_val)},MIN({number(self.max_val)},{x}))"

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        low, high = number(self.min_val), number(self.max_val)
        return f"IF(AND({x}>{low},{x}<{high}),{grad},0)"

    def on_paper(self, x: str) -> str:
        return f"max({number(self.min_val)}, min({number(self.max_val)}, {x}))"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Hardtanh(self.min_val, self.max_val)


LAYER = Hardtanh
