"""The chosen one of several numbers: a row of an embedding, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Chosen"]

_CLOSE = 1e-9
"""To a whole number, for a place that is one."""


@dataclass(frozen=True)
class Chosen(Layer):
    """x1, x2, … by the whole number that stands before them, counted from 0; 0 for all others."""

    name = "Chosen"
    short = "chosen"
    summary = "x1 for 0, x2 for 1, …"
    torch_call = "torch.nn.Embedding"
    kinks = ()

    def outputs(self, inputs: int) -> int:
        if inputs < 2:
            raise ValueError(f"{self} takes a place and numbers, got {inputs} in all")
        return 1

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        place, *values = x
        return ["+".join(f"IF({place}={i},{value},0)" for i, value in enumerate(values))]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        place, *values = x
        return ["0", *(f"IF({place}={i},{grad[0]},0)" for i in range(len(values)))]

    # Torch side

    def module(self) -> nn.Module:
        import torch

        class ByPlace(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                at, values = x[..., :1], x[..., 1:]
                # Rounded: no number of a place is moved by a unit in its last place.
                place = at.round()
                known = (place >= 0) & (place < values.shape[-1]) & ((at - place).abs() < _CLOSE)
                found = values.gather(-1, torch.where(known, place, 0).long())
                return torch.where(known, found, 0 * found)

        return ByPlace()


LAYER = Chosen
