"""Clipping by norm: slopes that are too long together are all made shorter alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.transforms.transform import Transform, squares_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TRANSFORM", "ClipNorm"]


class ClipNorm(Transform):
    """g · min(1, clip_norm / (√Σg² + 0.000001)), the sum over all weights; as
    torch.nn.utils.clip_grad_norm_."""

    name = "clip-norm"
    order = 2
    summary = "g·min(1, clip_norm/(√Σg² + 0.000001))"
    torch_line = "torch.nn.utils.clip_grad_norm_(params, clip_norm)"
    hyperparameters = (
        Input(
            "clip_norm", 1.0, "all slopes together are no longer than this", minimum=0,
            positive=True,
        ),
    )  # fmt: skip
    gives = "clipped"

    # Sheet side

    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        squares = squares_of([f"{{{g[p]}}}" for p in parameters])
        return [
            self.column(
                "grad_norm",
                f"=SQRT({squares})",
                paper="√Σg²",
                note="how long the slopes of all weights are together",
                symbol="‖g‖",
            ),
            self.column(
                "clip_factor",
                "=MIN(1,{clip_norm}/({grad_norm}+0.000001))",
                paper="min(1, clip_norm / (‖g‖ + 0.000001))",
                note="what all slopes are multiplied with: 1 where they are short enough",
                symbol="factor",
            ),
            *(
                self.column(
                    f"clipped.{p}",
                    f"={{{g[p]}}}*{{clip_factor}}",
                    paper="g·factor",
                    note=f"derivative for {p}, made shorter where all together are too long",
                    symbol=f"clipped ∂L/∂{p}",
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
        # A cell has no infinity: squares too large for a number leave no norm, and no factor 0.
        norm = torch.where(norm.isfinite(), norm, torch.nan)
        factor = (hyper["clip_norm"] / (norm + 1e-6)).clamp(max=1.0)
        return slopes * factor, {"grad_norm": norm, "clip_factor": factor}


TRANSFORM = ClipNorm()
