"""Nesterov momentum: a heavy ball that looks one roll ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.momentum import BETA
from xlsgd.training.optimizers.momentum_classic import velocity_column
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "Nesterov"]


class Nesterov(Optimizer):
    """v = beta·v + g, then p - learning_rate · (g + beta·v).

    Source: Sutskever et al. 2013, in the form of torch.optim.SGD with nesterov=True.
    """

    name = "nesterov"
    order = 4
    summary = "v = beta·v + g, then p − learning_rate·(g + beta·v)"
    torch_line = "torch.optim.SGD(params, lr, momentum=beta, nesterov=True)"
    hyperparameters = (BETA,)
    state = {"velocity": "momentum_buffer"}
    stable_factor = "2*(1+{beta})/(1+2*{beta})"
    torch_class = "SGD"
    momentum_key = "beta"
    special_cases = {"sgd": {"beta": 0.0}}
    torch_names = {"beta": "momentum"}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["momentum"] and group["nesterov"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            velocity_column(p, g),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*({{{g}}}+{{beta}}*{{velocity.{p}}})",
                paper=f"{p} − learning_rate·(g + beta·v)",
                note=f"{p} after this step, with the velocity it will have one step ahead",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        beta = hyper["beta"]
        # torch allows beta = 0 here only without the Nesterov flag, where the two are the same.
        return torch.optim.SGD(parameters, lr=learning_rate, momentum=beta, nesterov=beta > 0)


OPTIMIZER = Nesterov()
