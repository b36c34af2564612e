"""Where: of two numbers the one that a condition chooses, which alone gets the derivative back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Where"]

_TRUE = "0.5"
"""A condition is 1 or 0. Halfway, so that no rounding of either makes the other of it."""


@dataclass(frozen=True)
class Where(Layer):
    """a where the condition is 1, b where it is 0, number by number, as torch.where.

    What comes in is a third conditions, a third a's, a third b's.
    """

    name = "Where"
    short = "where"
    summary = "a if c, else b"
    torch_call = "torch.where(c, a, b)"
    kinks = ()

    def outputs(self, inputs: int) -> int:
        if inputs < 3 or inputs % 3:
            raise ValueError(f"{self} takes conditions and as many pairs, got {inputs} numbers")
        return inputs // 3

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return [f"IF({c}>{_TRUE},{a},{b})" for c, a, b in _thirds(x)]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        conditions = [c for c, _, _ in _thirds(x)]
        to_a = [f"IF({c}>{_TRUE},{g},0)" for g, c in zip(grad, conditions, strict=True)]
        to_b = [f"IF({c}>{_TRUE},0,{g})" for g, c in zip(grad, conditions, strict=True)]
        return ["0" for _ in conditions] + to_a + to_b

    def written(self, x: Sequence[str]) -> list[str]:
        return [f"{a} if {c}, else {b}" for c, a, b in _thirds(x)]

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class OfThree(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                condition, a, b = x.chunk(3, -1)
                # A condition that is no number spreads, as it does in a sheet.
                return torch.where(condition > float(_TRUE), a, b) + 0 * condition

        return OfThree()


def _thirds(x: Sequence[str]) -> list[tuple[str, str, str]]:
    third = len(x) // 3
    return list(zip(x[:third], x[third : 2 * third], x[2 * third :], strict=True))


LAYER = Where
