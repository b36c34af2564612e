"""Normalised slopes: all together are always of one length, and say no more than where to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.transforms.transform import Transform, squares_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TRANSFORM", "SlopeLength"]


class SlopeLength(Transform):
    """g · slope_length / √Σg², the sum over all weights; 0 where all slopes are 0.

    With plain gradient descent behind it: normalised gradient descent.
    """

    name = "slope-length"
    order = 2
    summary = "g·slope_length/√Σg²"
    torch_line = "g * slope_length / torch.linalg.vector_norm(g)"
    hyperparameters = (
        Input("slope_length", 1.0, "how long all slopes together are made", minimum=0),
    )
    gives = "evened"

    # Sheet side

    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        return [
            self.column(
                "slope_norm",
                f"=SQRT({squares_of([f'{{{g[p]}}}' for p in parameters])})",
                paper="√Σg²",
                note="how long the slopes of all weights are together",
                symbol="‖g‖",
            ),
            *(
                self.column(
                    f"evened.{p}",
                    f"=IF({{slope_norm}}=0,0,{{{g[p]}}}/{{slope_norm}}*{{slope_length}})",
                    paper="g / ‖g‖ · slope_length",
                    note=f"derivative for {p}, its direction kept and its length made the same",
                    symbol=f"∂L/∂{p} / ‖g‖",
                )
                for p in parameters
            ),
        ]

    # Torch side

    def quantities(
        self, slopes: Tensor, weights: Tensor, hyper: Mapping[str, float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        import torch

        norm = torch.linalg.vector_norm(slopes, dim=0)
        # A cell has no infinity: squares too large for a number leave no norm.
        norm = torch.where(norm.isfinite(), norm, torch.nan)
        unit = torch.where(norm == 0, torch.zeros_like(slopes), slopes / norm)
        return unit * hyper["slope_length"], {"slope_norm": norm}


TRANSFORM = SlopeLength()
