"""RMSprop with momentum: a heavy ball pushed by gradients in units of their usual size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.momentum_dampened import BETA_ABOVE_0
from xlsgd.training.optimizers.optimizer import column
from xlsgd.training.optimizers.rmsprop import RMSprop
from xlsgd.training.optimizers.rmsprop_centered import square_column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "RMSpropMomentum", "rolling_columns"]


class RMSpropMomentum(RMSprop):
    """s = alpha·s + (1 - alpha)·g², v = beta·v + g / (√s + eps), then p - learning_rate · v.

    Source: torch.optim.RMSprop with momentum.
    """

    name = "rmsprop-momentum"
    order = 24
    torch_class = "RMSprop"
    summary = "average s of g², v = beta·v + g/(√s + eps), then p − learning_rate·v"
    torch_line = "torch.optim.RMSprop(params, lr, alpha=alpha, eps=eps, momentum=beta)"
    hyperparameters = (BETA_ABOVE_0, *RMSprop.hyperparameters)
    state = {"sq_avg": "square_avg", "velocity": "momentum_buffer"}
    momentum_key = "beta"
    torch_names = {"beta": "momentum"}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["momentum"] and not group["centered"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        size = f"{{sq_avg.{p}}}"
        return [square_column(p, g), *rolling_columns(p, g, size, "√s", self.torch_line)]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RMSprop(
            parameters,
            lr=learning_rate,
            alpha=hyper["alpha"],
            eps=hyper["eps"],
            momentum=hyper["beta"],
        )


def rolling_columns(p: str, g: str, square: str, root: str, line: str) -> list[Column]:
    """Sheet side: return the velocity and the step along it.

    square: template of what the derivative is divided by the root of; root: on paper.
    """
    return [
        column(
            f"velocity.{p}",
            f"={{beta}}*{{prev.velocity.{p}}}+{{{g}}}/(SQRT({square})+{{eps}})",
            paper=f"beta·v + g / ({root} + eps)",
            note=f"velocity of {p}: what is left of the old one, plus this derivative in units of "
            "its own usual size",
            torch_line=f"optimizer.state[{p}]['momentum_buffer']",
            symbol="v",
        ),
        column(
            f"new.{p}",
            f"={{param.{p}}}-{{learning_rate}}*{{velocity.{p}}}",
            paper=f"{p} − learning_rate·v",
            note=f"{p} after this step",
            torch_line=f"{line}.step(); {p}",
        ),
    ]


OPTIMIZER = RMSpropMomentum()
