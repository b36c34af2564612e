"""The cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Cos"]


@dataclass(frozen=True)
class Cos(Elementwise):
    """cos(x), as torch.cos."""

    name = "Cos"
    short = "cos"
    summary = "cos(x)"
    torch_call = "torch.cos(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"COS({x})"

    def slope(self, x: str, y: str) -> str:
        return f"(-SIN({x}))"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.cos(x)

        return Function()


LAYER = Cos
