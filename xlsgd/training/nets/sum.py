"""The sum: all inputs added up, no parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Sum"]


@dataclass(frozen=True)
class Sum(Layer):
    """x1 + x2 + …: every input's derivative is the output's."""

    name = "Sum"
    short = "sum"
    summary = "x1 + x2 + …"
    torch_call = "x.sum(-1)"
    kinks = ()

    def outputs(self, inputs: int) -> int:
        return 1

    def gains(self, inputs: int) -> list[list[float]]:
        return [[1.0] * inputs]

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return ["+".join(x)]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return [grad[0] for _ in x]

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class SumOfInputs(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x.sum(-1, keepdim=True)

        return SumOfInputs()


LAYER = Sum
