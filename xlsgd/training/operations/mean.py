"""The mean of several numbers: the derivative goes back to all of them, in equal shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Mean"]


@dataclass(frozen=True)
class Mean(Layer):
    """(x1 + x2 + …)/n."""

    name = "Mean"
    short = "mean"
    summary = "(x1 + x2 + …)/n"
    torch_call = "x.mean(dim)"
    kinks = ()

    def outputs(self, inputs: int) -> int:
        return 1

    def gains(self, inputs: int) -> list[list[float]]:
        return [[1.0 / inputs] * inputs]

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return [f"({'+'.join(x)})/{len(x)}"]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return [f"{grad[0]}/{len(x)}" for _ in x]

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class MeanOfInputs(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x.mean(-1, keepdim=True)

        return MeanOfInputs()


LAYER = Mean
