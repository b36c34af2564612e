"""Sign descent: every step has the same length, only its direction follows the slope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "SignSGD"]


class SignSGD(Optimizer):
    """p - learning_rate · sign(g); no step where g is 0.

    Source: Bernstein et al. 2018, "signSGD".
    """

    name = "signsgd"
    order = 8
    summary = "p − learning_rate·sign(g)"
    torch_line = "SignSGD(params, lr)  # a small torch.optim.Optimizer"

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*SIGN({{{g}}})",
                paper=f"{p} − learning_rate·sign(g)",
                note=f"{p} after this step: learning_rate up or down",
                torch_line=f"{self.torch_line}.step(); {p}",
            )
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        class SignDescent(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure: object = None) -> None:  # type: ignore[override]
                for group in self.param_groups:
                    for p in group["params"]:
                        p.sub_(group["lr"] * p.grad.sign())

        return SignDescent(parameters, {"lr": learning_rate})


OPTIMIZER = SignSGD()
