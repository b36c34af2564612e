"""A product: each of the two gets the derivative back times the other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.binary import Binary

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Multiply"]


@dataclass(frozen=True)
class Multiply(Binary):
    """a·b, number by number, as torch.mul."""

    name = "Multiply"
    short = "multiply"
    summary = "a·b"
    torch_call = "a * b"

    # Sheet side

    def value(self, a: str, b: str) -> str:
        return f"{a}*{b}"

    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        return f"{grad}*{b}", f"{grad}*{a}"

    # Torch side

    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.mul(a, b)


LAYER = Multiply
