"""The rectified linear unit: negative numbers become 0, the others pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters
from xlsgd.training.nets.silence import Silence

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "ReLU"]


@dataclass(frozen=True)
class ReLU(Layer):
    """max(0, x).  Its derivative at exactly 0 is 0, as in PyTorch."""

    name = "ReLU"
    short = "relu"
    summary = "max(0, x)"
    silence = Silence((0.0,), lowest=True)

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return [f"MAX(0,{value})" for value in x]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return [f"IF({value}>0,{g},0)" for g, value in zip(grad, x, strict=True)]

    def of_array(self, x: str) -> str:
        return f"{x}*({x}>0)"

    def written(self, x: Sequence[str]) -> list[str]:
        return [f"max(0, {value})" for value in x]

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.ReLU()


LAYER = ReLU
