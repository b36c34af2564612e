"""A power with a fixed exponent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Power"]

GREATEST = 1000.0
_FEW = 4
"""Whole exponents up to this are written as products: some programs call a power that is too small
for a number an error, and no program a product."""


@dataclass(frozen=True)
class Power(Elementwise):
    """x^exponent, as torch.pow."""

    name = "Power"
    short = "power"
    summary = "x^n"
    torch_call = "x ** n"
    kinks = ()

    exponent: float = 2.0

    def __post_init__(self) -> None:
        if not abs(self.exponent) <= GREATEST:
            raise ValueError(
                f"Power takes a finite exponent up to {GREATEST:g}, got {self.exponent!r}"
            )

    def __str__(self) -> str:
        return f"Power({self.exponent:g})" if self._is_short else f"Power({self.exponent!r})"

    @property
    def _is_short(self) -> bool:
        return float(f"{self.exponent:g}") == self.exponent

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Power:
        match arguments:
            case [exponent]:
                return cls(float(exponent))
        raise ValueError("Power takes (exponent)")

    # Sheet side

    def value(self, x: str) -> str:
        return _power(x, self.exponent)

    def slope(self, x: str, y: str) -> str:
        return f"({number(self.exponent)}*{_power(x, self.exponent - 1)})"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        exponent = self.exponent

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x**exponent

        return Function()


def _power(x: str, exponent: float) -> str:
    if exponent in range(1, _FEW + 1):
        return "*".join([x] * int(exponent))
    return f"{x}^({number(exponent)})"


LAYER = Power
