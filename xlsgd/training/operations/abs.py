"""The absolute value; at 0 its derivative is 0, as in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Abs"]


@dataclass(frozen=True)
class Abs(Elementwise):
    """|x|, as torch.abs."""

    name = "Abs"
    short = "abs"
    summary = "|x|"
    torch_call = "torch.abs(x)"
    kinks = (0.0,)

    # Sheet side

    def value(self, x: str) -> str:
        return f"ABS({x})"

    def slope(self, x: str, y: str) -> str:
        return f"SIGN({x})"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.abs(x)

        return Function()


LAYER = Abs
