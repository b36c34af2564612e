"""The sine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Sin"]


@dataclass(frozen=True)
class Sin(Elementwise):
    """sin(x), as torch.sin."""

    name = "Sin"
    short = "sin"
    summary = "sin(x)"
    torch_call = "torch.sin(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"SIN({x})"

    def slope(self, x: str, y: str) -> str:
        return f"COS({x})"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.sin(x)

        return Function()


LAYER = Sin
