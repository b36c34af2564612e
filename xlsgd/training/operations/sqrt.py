"""The square root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Sqrt"]


@dataclass(frozen=True)
class Sqrt(Elementwise):
    """√x, as torch.sqrt."""

    name = "Sqrt"
    short = "sqrt"
    summary = "√x"
    torch_call = "torch.sqrt(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"SQRT({x})"

    def slope(self, x: str, y: str) -> str:
        return f"(1/(2*{y}))"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.sqrt(x)

        return Function()


LAYER = Sqrt
