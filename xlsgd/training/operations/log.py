"""The natural logarithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Log"]


@dataclass(frozen=True)
class Log(Elementwise):
    """ln(x), as torch.log."""

    name = "Log"
    short = "log"
    summary = "ln(x)"
    torch_call = "torch.log(x)"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"LN({x})"

    def slope(self, x: str, y: str) -> str:
        return f"(1/{x})"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.log(x)

        return Function()


LAYER = Log
