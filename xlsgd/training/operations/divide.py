"""A quotient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.operations.binary import Binary

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAYER", "Divide"]


@dataclass(frozen=True)
class Divide(Binary):
    """a / b, number by number, as torch.div."""

    name = "Divide"
    short = "divide"
    summary = "a / b"
    torch_call = "a / b"

    # Sheet side

    def value(self, a: str, b: str) -> str:
        return f"{a}/{b}"

    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        return f"{grad}/{b}", f"-{grad}*{y}/{b}"

    # Torch side

    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        import torch

        return torch.div(a, b)


LAYER = Divide
