"""Momentum with any dampening, as torch.optim.SGD itself begins it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.momentum import BETA
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["BETA_ABOVE_0", "OPTIMIZER", "MomentumDampened"]


BETA_ABOVE_0 = replace(BETA, positive=True)
"""torch keeps no buffer without momentum."""


class MomentumDampened(Optimizer):
    """v = beta·v + (1 - dampening)·g, then p - learning_rate · v; the first v is g, undampened.

    Source: torch.optim.SGD with a dampening.
    """

    name = "momentum-dampened"
    order = 20
    summary = "v = beta·v + (1 − dampening)·g, first v = g; then p − learning_rate·v"
    torch_line = "torch.optim.SGD(params, lr, momentum=beta, dampening=dampening)"
    hyperparameters = (
        BETA_ABOVE_0,
        Input("dampening", 0.5, "share of a gradient that is left out", minimum=0, below=1),
    )
    state = {"velocity": "momentum_buffer"}
    counts_steps = True
    steps_apart = True
    starts_empty = True
    torch_class = "SGD"
    momentum_key = "beta"
    special_cases = {"momentum-classic": {"dampening": 0.0}}
    torch_names = {"beta": "momentum"}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["momentum"] and group["dampening"] and not group["nesterov"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"velocity.{p}",
                f"=IF({{step}}=1,{{{g}}},{{beta}}*{{prev.velocity.{p}}}+(1-{{dampening}})*{{{g}}})",
                paper="beta·v + (1 − dampening)·g; g at first",
                note=f"velocity of {p}: what is left of the old one, plus a part of this "
                "derivative; the first derivative counts whole",
                torch_line=f"optimizer.state[{p}]['momentum_buffer']",
                symbol="v",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{velocity.{p}}}",
                paper=f"{p} − learning_rate·v",
                note=f"{p} after this step",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(
            parameters, lr=learning_rate, momentum=hyper["beta"], dampening=hyper["dampening"]
        )


OPTIMIZER = MomentumDampened()
