"""Adagrad whose learning rate falls as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.adagrad import Adagrad
from xlsgd.training.optimizers.optimizer import column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "AdagradDecay"]


class AdagradDecay(Adagrad):
    """Adagrad at a rate of learning_rate / (1 + (step - 1) · lr_decay).

    Source: torch.optim.Adagrad with lr_decay.
    """

    name = "adagrad-decay"
    order = 21
    torch_class = "Adagrad"
    summary = "Adagrad at the rate learning_rate/(1 + (step − 1)·lr_decay)"
    torch_line = "torch.optim.Adagrad(params, lr, lr_decay=lr_decay, eps=eps)"
    hyperparameters = (
        Input("lr_decay", 0.01, "how fast the learning rate falls from step to step", minimum=0),
        *Adagrad.hyperparameters,
    )
    counts_steps = True
    steps_apart = True
    special_cases = {"adagrad": {"lr_decay": 0.0}}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["lr_decay"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"sq_sum.{p}",
                f"={{prev.sq_sum.{p}}}+{{{g}}}*{{{g}}}",
                paper="s + g²",
                note=f"sum of all squared derivatives for {p} so far: it only grows",
                torch_line=f"optimizer.state[{p}]['sum']",
                symbol="Σg²",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}/(1+({{step}}-1)*{{lr_decay}})*{{{g}}}"
                f"/(SQRT({{sq_sum.{p}}})+{{eps}})",
                paper=f"{p} − learning_rate/(1 + (step − 1)·lr_decay)·g / (√s + eps)",
                note=f"{p} after this step: at a rate that falls, and shorter the more has been "
                "summed up",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adagrad(
            parameters, lr=learning_rate, lr_decay=hyper["lr_decay"], eps=hyper["eps"]
        )


OPTIMIZER = AdagradDecay()
