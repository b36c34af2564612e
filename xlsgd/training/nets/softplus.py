"""Softplus: a ReLU with a round corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import factor, number, sigmoid, softplus

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Softplus"]


@dataclass(frozen=True)
class Softplus(Elementwise):
    """ln(1 + e^(beta·x))/beta, whose derivative is the sigmoid of beta·x.

    Where beta·x is above threshold, it is x itself with slope 1, as in PyTorch: by 20 the
    difference is in the ninth digit."""

    name = "Softplus"
    short = "softplus"
    summary = "ln(1 + e^(beta·x))/beta (beta 1), x if beta·x > threshold (20)"

    beta: float = 1.0
    threshold: float = 20.0

    def __post_init__(self) -> None:
        if self.beta == 0:
            raise ValueError("Softplus takes a beta other than 0")

    @property
    def kinks(self) -> tuple[float, ...]:
        return (self.threshold / self.beta,)

    # Sheet side

    def value(self, x: str) -> str:
        bent = softplus(self._scaled(x))
        bent = bent if self.beta == 1 else f"({bent})/{factor(self.beta)}"
        return f"IF({self._scaled(x)}>{number(self.threshold)},{x},{bent})"

    def slope(self, x: str, y: str) -> str:
        scaled = self._scaled(x)
        return f"IF({scaled}>{number(self.threshold)},1,{sigmoid(scaled)})"

    def on_paper(self, x: str) -> str:
        if self.beta == 1:
            return f"ln(1 + e^{x})"
        return f"ln(1 + e^({number(self.beta)}·{x}))/{factor(self.beta)}"

    def _scaled(self, x: str) -> str:
        return x if self.beta == 1 else f"({factor(self.beta)}*{x})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Softplus(self.beta, self.threshold)


LAYER = Softplus
