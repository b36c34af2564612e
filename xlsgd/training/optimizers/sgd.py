"""Gradient descent: a step downhill, as long as the slope is steep times the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "SGD"]


class SGD(Optimizer):
    """p - learning_rate · g"""

    name = "sgd"
    order = 1
    summary = "gradient descent: p − learning_rate·g"
    torch_line = "torch.optim.SGD(params, lr)"
    stable_factor = "2"
    step_is_slope = True
    torch_class = "SGD"

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not group["momentum"]

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{{g}}}",
                paper=f"{p} − learning_rate·g",
                note=f"{p} after this step: downhill, learning_rate times the derivative",
                torch_line=f"{self.torch_line}.step(); {p}",
            )
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(parameters, lr=learning_rate)


OPTIMIZER = SGD()
