"""Momentum, classic: a heavy ball that keeps rolling and is pushed by every gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.momentum import BETA
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "MomentumClassic", "velocity_column"]


class MomentumClassic(Optimizer):
    """v = beta·v + g, then p - learning_rate · v.

    On a steady slope its steps grow to 1/(1 - beta) times those of plain gradient descent.
    Source: Polyak 1964; torch.optim.SGD with dampening = 0.
    """

    name = "momentum-classic"
    order = 3
    summary = "v = beta·v + g, then p − learning_rate·v"
    torch_line = "torch.optim.SGD(params, lr, momentum=beta)"
    hyperparameters = (BETA,)
    state = {"velocity": "momentum_buffer"}
    stable_factor = "2*(1+{beta})"
    torch_class = "SGD"
    momentum_key = "beta"
    special_cases = {"sgd": {"beta": 0.0}}
    torch_names = {"beta": "momentum"}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["momentum"] and not group["dampening"] and not group["nesterov"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            velocity_column(p, g),
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

        return torch.optim.SGD(parameters, lr=learning_rate, momentum=hyper["beta"])


def velocity_column(p: str, g: str) -> Column:
    """Sheet side: return the velocity of a heavy ball."""
    return column(
        f"velocity.{p}",
        f"={{beta}}*{{prev.velocity.{p}}}+{{{g}}}",
        paper="beta·v + g",
        note=f"velocity of {p}: what is left of the old one, plus this derivative",
        torch_line=f"optimizer.state[{p}]['momentum_buffer']",
        symbol="v",
    )


OPTIMIZER = MomentumClassic()
