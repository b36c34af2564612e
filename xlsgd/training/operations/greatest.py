"""The greatest of several numbers, as max pooling has it: of equal ones the first counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Greatest"]


@dataclass(frozen=True)
class Greatest(Layer):
    """max(x1, x2, …); the derivative goes back to the first that is as great as that."""

    name = "Greatest"
    short = "max"
    summary = "max(x1, x2, …)"
    torch_call = "x.max(dim)[0]"
    kinks = ()

    def outputs(self, inputs: int) -> int:
        return 1

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return [f"MAX({','.join(x)})"]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        handed = []
        for i, value in enumerate(x):
            before = [f"{earlier}<{y[0]}" for earlier in x[:i]]
            first = ",".join([f"{value}={y[0]}", *before])
            handed.append(f"IF({f'AND({first})' if before else first},{grad[0]},0)")
        return handed

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class GreatestOfInputs(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x.max(-1, keepdim=True)[0]

        return GreatestOfInputs()


LAYER = Greatest
