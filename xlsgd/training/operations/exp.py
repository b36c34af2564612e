"""The exponential function, which is its own derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Exp"]


@dataclass(frozen=True)
class Exp(Elementwise):
    """e^x, as torch.exp."""

    name = "Exp"
    short = "exp"
    summary = "e^x"
    torch_call = "torch.exp(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"EXP({x})"

    def slope(self, x: str, y: str) -> str:
        return f"{y}"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.exp(x)

        return Function()


LAYER = Exp
