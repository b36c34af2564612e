"""A number with its sign turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Negative"]


@dataclass(frozen=True)
class Negative(Elementwise):
    """−x, as torch.neg."""

    name = "Negative"
    short = "negative"
    summary = "−x"
    torch_call = "-x"
    kinks = ()

    # Sheet side

    def value(self, x: str) -> str:
        return f"-{x}"

    def slope(self, x: str, y: str) -> str:
        return "(-1)"

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.neg(x)

        return Function()


LAYER = Negative
