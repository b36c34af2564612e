"""The inner product: pairs of numbers multiplied and added up, as a product of matrices has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Dot"]


@dataclass(frozen=True)
class Dot(Layer):
    """a1·b1 + a2·b2 + …, of a first half and a second half of numbers."""

    name = "Dot"
    short = "dot"
    summary = "a1·b1 + a2·b2 + …"
    torch_call = "a @ b"
    kinks = ()

    def outputs(self, inputs: int) -> int:
        if inputs < 2 or inputs % 2:
            raise ValueError(f"{self} takes pairs, got {inputs} numbers")
        return 1

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        half = len(x) // 2
        return ["+".join(f"{a}*{b}" for a, b in zip(x[:half], x[half:], strict=True))]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        half = len(x) // 2
        return [f"{grad[0]}*{other}" for other in (*x[half:], *x[:half])]

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class InnerProduct(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                a, b = x.chunk(2, -1)
                return (a * b).sum(-1, keepdim=True)

        return InnerProduct()


LAYER = Dot
