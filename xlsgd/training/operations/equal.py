"""Equal: 1 where two numbers are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.comparison import Comparison

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Equal"]


@dataclass(frozen=True)
class Equal(Comparison):
    """1 if a = b, else 0, number by number, as torch.eq."""

    name = "Equal"
    short = "equal"
    summary = "1 if a = b, else 0"
    torch_call = "a == b"
    sign = "="
    on_paper = "="

    # Torch side

    def compared(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.eq(a, b)


LAYER = Equal
