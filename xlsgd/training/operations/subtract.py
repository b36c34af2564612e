"""A difference: the derivative goes back to both, to the second with its sign turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.binary import Binary

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Subtract"]


@dataclass(frozen=True)
class Subtract(Binary):
    """a − b, number by number, as torch.sub."""

    name = "Subtract"
    short = "subtract"
    summary = "a − b"
    torch_call = "a - b"

    # Sheet side

    def value(self, a: str, b: str) -> str:
        return f"{a}-{b}"

    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        return grad, f"-{grad}"

    # Torch side

    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.sub(a, b)


LAYER = Subtract
