"""Adadelta: every parameter moves about as far as it has moved of late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "Adadelta"]


class Adadelta(Optimizer):
    """s = rho·s + (1 - rho)·g², d = g·√(a + eps)/√(s + eps), p - learning_rate · d, and then
    a = rho·a + (1 - rho)·d². Here eps stands inside the roots.

    Source: Zeiler 2012, in the form of torch.optim.Adadelta.
    """

    name = "adadelta"
    order = 22
    summary = "d = g·√(a + eps)/√(s + eps); p − learning_rate·d; averages s of g², a of d²"
    torch_line = "torch.optim.Adadelta(params, lr, rho=rho, eps=eps)"
    hyperparameters = (
        Input("rho", 0.9, "share of the old averages that is kept", minimum=0, below=1),
        Input("eps", 1e-6, "lets the first steps begin", minimum=0, positive=True),
    )
    state = {"sq_avg": "square_avg", "delta_avg": "acc_delta"}
    torch_class = "Adadelta"

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        before, s = f"({{prev.delta_avg.{p}}}+{{eps}})", f"({{sq_avg.{p}}}+{{eps}})"
        return [
            column(
                f"sq_avg.{p}",
                f"={{rho}}*{{prev.sq_avg.{p}}}+(1-{{rho}})*{{{g}}}*{{{g}}}",
                paper="s = rho·s + (1 − rho)·g²",
                note=f"running average of the squared derivatives for {p}",
                torch_line=f"optimizer.state[{p}]['square_avg']",
                symbol="s",
            ),
            column(
                f"delta_avg.{p}",
                f"={{rho}}*{{prev.delta_avg.{p}}}+(1-{{rho}})*{before}/{s}*{{{g}}}*{{{g}}}",
                paper="a = rho·a + (1 − rho)·d²",
                note=f"running average of the squared moves of {p}, before the learning rate",
                torch_line=f"optimizer.state[{p}]['acc_delta']",
                symbol="a",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*SQRT{before}/SQRT{s}*{{{g}}}",
                paper=f"{p} − learning_rate·√(a before + eps)/√(s + eps)·g",
                note=f"{p} after this step: as far as it usually moves, times the derivative in "
                "units of its usual size",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adadelta(
            parameters, lr=learning_rate, rho=hyper["rho"], eps=hyper["eps"]
        )


OPTIMIZER = Adadelta()
