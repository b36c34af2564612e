"""Adagrad: every parameter has its own step, shorter the more gradient it has seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "Adagrad"]


class Adagrad(Optimizer):
    """s = s + g², then p - learning_rate · g / (√s + eps).

    Source: Duchi et al. 2011, in the form of torch.optim.Adagrad.
    """

    name = "adagrad"
    order = 5
    summary = "s = s + g², then p − learning_rate·g/(√s + eps)"
    torch_line = "torch.optim.Adagrad(params, lr, eps=eps)"
    hyperparameters: ClassVar[tuple[Input, ...]] = (
        Input("eps", 1e-10, "keeps the division from dividing by 0", minimum=0, positive=True),
    )
    state = {"sq_sum": "sum"}
    torch_class = "Adagrad"

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not group["lr_decay"]

    def read_start(self, group: Mapping[str, Any]) -> dict[str, float]:
        return {"sq_sum": float(group["initial_accumulator_value"])}

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"sq_sum.{p}",
                f"={{prev.sq_sum.{p}}}+{{{g}}}^2",
                paper="s + g²",
                note=f"sum of all squared derivatives for {p} so far: it only grows",
                torch_line=f"optimizer.state[{p}]['sum']",
                symbol="Σg²",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{{g}}}/(SQRT({{sq_sum.{p}}})+{{eps}})",
                paper=f"{p} − learning_rate·g / (√s + eps)",
                note=f"{p} after this step: shorter steps the more has been summed up",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adagrad(parameters, lr=learning_rate, eps=hyper["eps"])


OPTIMIZER = Adagrad()
