"""A sum of two numbers: the derivative goes back to both, unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.binary import Binary

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Add"]


@dataclass(frozen=True)
class Add(Binary):
    """a + b, number by number, as torch.add."""

    name = "Add"
    short = "add"
    summary = "a + b"
    torch_call = "a + b"

    # Sheet side

    def value(self, a: str, b: str) -> str:
        return f"{a}+{b}"

    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        return grad, grad

    # Torch side

    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.add(a, b)


LAYER = Add
