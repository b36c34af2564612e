"""RMSprop as fast.ai's lesson workbooks have it: the previous row's average, no eps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.momentum import BETA
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "RMSpropFastai"]


class RMSpropFastai(Optimizer):
    """p - learning_rate · g / √s with the average s of the rows *before*; then
    s = beta·s + (1 - beta)·g².

    Without an earlier epoch there is no average to divide by; it then starts at the square of
    the first gradient, which makes the first step learning_rate long.
    Source: fast.ai's graddesc workbook, sheet "RMSprop".
    """

    name = "rmsprop-fastai"
    order = 16
    convention = "fastai"
    variant_of = "rmsprop"
    summary = "p − learning_rate·g/√s with the previous row's s = beta·s + (1 − beta)·g²"
    torch_line = "RMSpropFastai(params, lr, beta)  # a small torch.optim.Optimizer"
    hyperparameters = (BETA,)
    state = {"sq_avg": "square_avg"}
    start_state = "=IF({first.{g}}=0,1,{first.{g}}^2)"

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"sq_avg.{p}",
                f"={{beta}}*{{prev.sq_avg.{p}}}+(1-{{beta}})*{{{g}}}^2",
                paper="beta·s + (1 − beta)·g²",
                note=f"running average of the squared derivatives for {p}, for the next row",
                torch_line=f"optimizer.state[{p}]['square_avg']",
                symbol="v",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{{g}}}/SQRT({{prev.sq_avg.{p}}})",
                paper=f"{p} − learning_rate·g / √(s before)",
                note=f"{p} after this step: the derivative in units of its usual size so far",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        class PreviousAverageRMSprop(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure: Any = None) -> Any:
                for group in self.param_groups:
                    for p in group["params"]:
                        average = self.state[p]["square_avg"]
                        p.sub_(group["lr"] * p.grad / average.sqrt())
                        average.lerp_(p.grad.square(), 1 - group["beta"])

        return PreviousAverageRMSprop(parameters, {"lr": learning_rate, **hyper})

    def torch_start_state(self, gradient: Tensor) -> Tensor:
        import torch

        return torch.where(gradient == 0, 1.0, gradient.square())


OPTIMIZER = RMSpropFastai()
