"""The threshold: x where it is above the threshold, else a value of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.silence import Silence
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Threshold"]


@dataclass(frozen=True)
class Threshold(Elementwise):
    """x where it is above threshold, else value, where its derivative is 0."""

    name = "Threshold"
    short = "thresh"
    summary = "x if x > threshold, else value"

    threshold: float
    below: float = field(metadata={"name": "value"})

    @property
    def kinks(self) -> tuple[float, ...]:
        return (self.threshold,)

    @property
    def silence(self) -> Silence:
        return Silence((self.below,), lowest=self.below <= self.threshold)

    # Sheet side

    def value(self, x: str) -> str:
        return f"IF({x}>{number(self.threshold)},{x},{number(self.below)})"

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        return f"IF({x}>{number(self.threshold)},{grad},0)"

    def on_paper(self, x: str) -> str:
        return f"{x} if > {number(self.threshold)}, else {number(self.below)}"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Threshold(self.threshold, self.below)


LAYER = Threshold
