"""RMSprop, centered: divided by how much gradients spread, not by how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.optimizer import column
from xlsgd.training.optimizers.rmsprop import RMSprop

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "RMSpropCentered", "centered_columns", "spread", "square_column"]


class RMSpropCentered(RMSprop):
    """p - learning_rate · g / (√(s - m²) + eps), with averages s of g² and m of g.

    Source: Graves 2013, in the form of torch.optim.RMSprop with centered=True.
    """

    name = "rmsprop-centered"
    order = 23
    torch_class = "RMSprop"
    summary = "averages s of g² and m of g, then p − learning_rate·g/(√(s − m²) + eps)"
    torch_line = "torch.optim.RMSprop(params, lr, alpha=alpha, eps=eps, centered=True)"
    state = {"sq_avg": "square_avg", "avg_grad": "grad_avg"}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["centered"] and not group["momentum"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            *centered_columns(p, g),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{{g}}}/(SQRT({spread(p)})+{{eps}})",
                paper=f"{p} − learning_rate·g / (√(s − m²) + eps)",
                note=f"{p} after this step: the derivative in units of how much it spreads",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RMSprop(
            parameters, lr=learning_rate, alpha=hyper["alpha"], eps=hyper["eps"], centered=True
        )


def centered_columns(p: str, g: str) -> list[Column]:
    """Sheet side: return the two running averages."""
    return [
        square_column(p, g),
        column(
            f"avg_grad.{p}",
            f"={{alpha}}*{{prev.avg_grad.{p}}}+(1-{{alpha}})*{{{g}}}",
            paper="m = alpha·m + (1 − alpha)·g",
            note=f"running average of the derivatives for {p}",
            torch_line=f"optimizer.state[{p}]['grad_avg']",
            symbol="m",
        ),
    ]


def square_column(p: str, g: str) -> Column:
    """Sheet side: return the running average of squares."""
    return column(
        f"sq_avg.{p}",
        f"={{alpha}}*{{prev.sq_avg.{p}}}+(1-{{alpha}})*{{{g}}}*{{{g}}}",
        paper="s = alpha·s + (1 − alpha)·g²",
        note=f"running average of the squared derivatives for {p}",
        torch_line=f"optimizer.state[{p}]['square_avg']",
        symbol="s",
    )


def spread(p: str) -> str:
    """Sheet side: return the square of how much derivatives spread."""
    return f"{{sq_avg.{p}}}-{{avg_grad.{p}}}*{{avg_grad.{p}}}"


OPTIMIZER = RMSpropCentered()
