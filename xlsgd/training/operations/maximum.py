"""The greater of two numbers, which alone gets the derivative back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.binary import Binary

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Maximum"]


@dataclass(frozen=True)
class Maximum(Binary):
    """the greater of a and b, number by number, as torch.maximum."""

    name = "Maximum"
    short = "maximum"
    summary = "the greater of a and b"
    torch_call = "torch.maximum(a, b)"

    # Sheet side

    def value(self, a: str, b: str) -> str:
        return f"MAX({a},{b})"

    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        # Of two equal numbers each gets half, as in torch.
        def share(one: str, other: str) -> str:
            return f"IF({one}>{other},{grad},IF({one}={other},{grad}/2,0))"

        return share(a, b), share(b, a)

    # Torch side

    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.maximum(a, b)


LAYER = Maximum
