"""Momentum, dampened: step along the average of the gradients so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["BETA", "OPTIMIZER", "Momentum"]

BETA = Input("beta", 0.9, "share of the old velocity that is kept", minimum=0, below=1)


class Momentum(Optimizer):
    """v = beta·v + (1 - beta)·g, then p - learning_rate · v.

    torch's dampening is the share of the gradient that is left out, so here it is beta as well.
    The velocity starts at 0. torch itself takes the first gradient undampened; it does what this
    sheet does when its buffer is set to zeros beforehand.
    Source: fast.ai's lesson workbooks; torch.optim.SGD with dampening = momentum.
    """

    name = "momentum"
    order = 2
    summary = "v = beta·v + (1 − beta)·g, then p − learning_rate·v"
    torch_line = "torch.optim.SGD(params, lr, momentum=beta, dampening=beta)"
    hyperparameters = (BETA,)
    state = {"velocity": "momentum_buffer"}
    stable_factor = "2*(1+{beta})/(1-{beta})"

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"velocity.{p}",
                f"={{beta}}*{{prev.velocity.{p}}}+(1-{{beta}})*{{{g}}}",
                paper="beta·v + (1 − beta)·g",
                note=f"running average of the derivatives for {p}",
                torch_line=f"optimizer.state[{p}]['momentum_buffer']",
                symbol="v",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{velocity.{p}}}",
                paper=f"{p} − learning_rate·v",
                note=f"{p} after this step: along the average, not along this row's derivative",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        beta = hyper["beta"]
        return torch.optim.SGD(parameters, lr=learning_rate, momentum=beta, dampening=beta)


OPTIMIZER = Momentum()
