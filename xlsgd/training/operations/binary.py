"""What an operation has to tell that makes one number of two."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Binary"]


class Binary(Layer):
    """A function of pairs: the first half of what comes in with the second half, one by one."""

    kinks = ()

    @abstractmethod
    def value(self, a: str, b: str) -> str:
        """Sheet side: return the expression of what comes out."""

    @abstractmethod
    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        """Sheet side: return the derivatives of the loss by a and by b.  grad: that by y."""

    @abstractmethod
    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        """Torch side: return the same of tensors of one shape."""

    def outputs(self, inputs: int) -> int:
        if inputs < 2 or inputs % 2:
            raise ValueError(f"{self} takes pairs, got {inputs} numbers")
        return inputs // 2

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        half = len(x) // 2
        return list(map(self.value, x[:half], x[half:]))

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        half = len(x) // 2
        pairs = list(map(self.handed_back, grad, x[:half], x[half:], y))
        return [to_a for to_a, _ in pairs] + [to_b for _, to_b in pairs]

    def module(self) -> nn.Module:
        import torch

        operation = self

        class OfPairs(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                a, b = x.chunk(2, -1)
                return operation.of_tensors(a, b)

        return OfPairs()
