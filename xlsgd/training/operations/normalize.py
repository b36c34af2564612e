"""Layer normalization: numbers shifted and scaled to mean 0 and variance 1, then weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Normalize"]


@dataclass(frozen=True)
class Normalize(Layer):
    """(x − mean)/√(variance + eps), of all numbers that come in; LayerNorm without its weights,
    which are a product and a sum behind it.
    """

    name = "Normalize"
    short = "norm"
    summary = "(x − mean)/√(variance + eps)"
    torch_call = "torch.nn.LayerNorm"
    kinks = ()
    mixes = True

    eps: float = 1e-5

    def __post_init__(self) -> None:
        if not 0 <= self.eps < math.inf:
            raise ValueError(f"Normalize takes a finite eps, 0 or greater, got {self.eps!r}")

    def __str__(self) -> str:
        return f"Normalize({self.eps!r})"

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Normalize:
        match arguments:
            case [eps]:
                return cls(float(eps))
        raise ValueError("Normalize takes (eps)")

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        cells = ",".join(x)
        scale = f"SQRT(VARP({cells})+{number(self.eps)})"
        return [f"({value}-AVERAGE({cells}))/{scale}" for value in x]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        n, cells = len(x), ",".join(x)
        scale = f"SQRT(VARP({cells})+{number(self.eps)})"
        mean = f"({'+'.join(grad)})/{n}"
        along = f"({'+'.join(f'{g}*{v}' for g, v in zip(grad, y, strict=True))})/{n}"
        return [f"({g}-{mean}-{v}*{along})/{scale}" for g, v in zip(grad, y, strict=True)]

    # Torch side

    def module(self) -> nn.Module:
        import torch

        eps = self.eps

        class Normalized(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=eps)

        return Normalized()


LAYER = Normalize
