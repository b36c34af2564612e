"""Greater: 1 where the first of two numbers is above the second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.comparison import Comparison

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Greater"]


@dataclass(frozen=True)
class Greater(Comparison):
    """1 if a > b, else 0, number by number, as torch.gt."""

    name = "Greater"
    short = "greater"
    summary = "1 if a > b, else 0"
    torch_call = "a > b"
    sign = ">"
    on_paper = ">"

    # Torch side

    def compared(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.gt(a, b)


LAYER = Greater
