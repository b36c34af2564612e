"""Uphill in place of downhill: every slope is turned round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.transforms.transform import Transform

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TRANSFORM", "Maximize"]


class Maximize(Transform):
    """-g, as torch.optim's maximize=True: the loss is to grow."""

    name = "maximize"
    order = 3
    summary = "−g"
    torch_line = "torch.optim.…(params, lr, maximize=True)"
    gives = "uphill"

    # Sheet side

    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        return [
            self.column(
                f"uphill.{p}",
                f"=-{{{g[p]}}}",
                paper="−g",
                note=f"derivative for {p}, turned round: a step leads uphill",
                symbol=f"−∂L/∂{p}",
            )
            for p in parameters
        ]

    # Torch side

    def quantities(
        self, slopes: Tensor, weights: Tensor, hyper: Mapping[str, float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return -slopes, {}


TRANSFORM = Maximize()
