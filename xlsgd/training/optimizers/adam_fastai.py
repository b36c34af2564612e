"""Adam as fast.ai's lesson workbooks have it: no correction for the start, no eps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.adam import AVERAGES, BETA1, average_columns
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "AdamFastai"]


class AdamFastai(Optimizer):
    """p - learning_rate · m / √v, with m and v as they are.

    Both averages start at 0, so the first steps are short by (1 - beta1)/√(1 - beta2); a first
    gradient of exactly 0 divides by 0.
    Source: fast.ai's graddesc workbook, sheet "adam" (both betas 0.9 there).
    """

    name = "adam-fastai"
    order = 17
    convention = "fastai"
    variant_of = "adam"
    summary = "averages of g and g², uncorrected; p − learning_rate·m/√v"
    torch_line = "AdamFastai(params, lr, beta1, beta2)  # a small torch.optim.Optimizer"
    hyperparameters = (
        BETA1,
        Input("beta2", 0.9, "share of the old average square that is kept", minimum=0, below=1),
    )
    state = AVERAGES

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            *average_columns(p, g, "{{{g}}}^2"),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{avg_grad.{p}}}/SQRT({{sq_avg.{p}}})",
                paper=f"{p} − learning_rate·m / √v",
                note=f"{p} after this step",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        class UncorrectedAdam(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure: Any = None) -> Any:
                for group in self.param_groups:
                    for p in group["params"]:
                        memory = self.state[p]
                        memory["exp_avg"].lerp_(p.grad, 1 - group["beta1"])
                        memory["exp_avg_sq"].lerp_(p.grad.square(), 1 - group["beta2"])
                        step = memory["exp_avg"] / memory["exp_avg_sq"].sqrt()
                        p.sub_(group["lr"] * step)

        return UncorrectedAdam(parameters, {"lr": learning_rate, **hyper})


OPTIMIZER = AdamFastai()
