"""Adamax: Adam with the largest gradient of late in place of the average square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.adam import BETA1, BETA2, average_columns
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "Adamax"]


class Adamax(Optimizer):
    """m = beta1·m + (1 - beta1)·g, u = max(beta2·u, |g| + eps), then p - learning_rate · m_hat / u.

    Source: Kingma and Ba 2015, in the form of torch.optim.Adamax.
    """

    name = "adamax"
    order = 29
    summary = "u = max(beta2·u, |g| + eps); p − learning_rate·m̂/u"
    torch_line = "torch.optim.Adamax(params, lr, betas=(beta1, beta2), eps=eps)"
    hyperparameters = (
        BETA1,
        BETA2,
        Input("eps", 1e-8, "keeps the division from dividing by 0", minimum=0, positive=True),
    )
    state = {"avg_grad": "exp_avg", "largest": "exp_inf"}
    counts_steps = True
    steps_apart = True
    torch_class = "Adamax"
    momentum_key = "beta1"
    torch_names = {"beta1": "betas.0", "beta2": "betas.1"}

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        average, _ = average_columns(p, g)
        return [
            average,
            column(
                f"largest.{p}",
                f"=MAX({{beta2}}*{{prev.largest.{p}}},ABS({{{g}}})+{{eps}})",
                paper="max(beta2·u, |g| + eps)",
                note=f"the largest derivative for {p} of late, fading by beta2 a step",
                torch_line=f"optimizer.state[{p}]['exp_inf']",
                symbol="u",
            ),
            column(
                f"m_hat.{p}",
                f"={{avg_grad.{p}}}/(1-{{beta1}}^{{step}})",
                paper="m / (1 − beta1^step)",
                note=f"average derivative for {p}, corrected for its start at 0",
                torch_line=f"state[{p}]['exp_avg'] / (1 - beta1**step)",
                symbol="m̂",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{m_hat.{p}}}/{{largest.{p}}}",
                paper=f"{p} − learning_rate·m̂ / u",
                note=f"{p} after this step: at most about learning_rate long",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        betas = (hyper["beta1"], hyper["beta2"])
        return torch.optim.Adamax(parameters, lr=learning_rate, betas=betas, eps=hyper["eps"])

    def derived(
        self, state: Mapping[str, Tensor], step: Tensor, hyper: Mapping[str, float]
    ) -> dict[str, Tensor]:
        return {"m_hat": state["avg_grad"] / (1 - hyper["beta1"] ** step)}


OPTIMIZER = Adamax()
