"""Clipping by value: no slope of a weight is steeper than a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.transforms.transform import Transform

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TRANSFORM", "ClipValue"]


class ClipValue(Transform):
    """max(-clip_value, min(clip_value, g)), as torch.nn.utils.clip_grad_value_."""

    name = "clip-value"
    order = 1
    summary = "max(−clip_value, min(clip_value, g))"
    torch_line = "torch.nn.utils.clip_grad_value_(params, clip_value)"
    hyperparameters = (
        Input("clip_value", 1.0, "no slope is steeper than this", minimum=0, positive=True),
    )
    gives = "clamped"

    # Sheet side

    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        return [
            self.column(
                f"clamped.{p}",
                f"=MAX(-{{clip_value}},MIN({{clip_value}},{{{g[p]}}}))",
                paper="max(−clip_value, min(clip_value, g))",
                note=f"derivative for {p}, at most clip_value up or down",
                symbol=f"clamped ∂L/∂{p}",
            )
            for p in parameters
        ]

    # Torch side

    def quantities(
        self, slopes: Tensor, weights: Tensor, hyper: Mapping[str, float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        import torch

        clamped = slopes.clamp(-hyper["clip_value"], hyper["clip_value"])
        # A cell has no infinity that could be cut off.
        return torch.where(slopes.isfinite(), clamped, torch.nan), {}


TRANSFORM = ClipValue()
