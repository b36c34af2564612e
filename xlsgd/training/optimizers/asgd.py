"""Averaged descent: plain steps at a falling rate, and beside them the average of the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["ASGD", "OPTIMIZER"]


class ASGD(Optimizer):
    """p · (1 - lambd · eta) - eta · g, with eta = learning_rate / (1 + lambd · learning_rate ·
    (step - 1))^alpha. From step t0 on the average of the weights is kept too; before, it is the
    weight itself. Training goes on from the weight, not from the average.

    Source: Polyak and Juditsky 1992, in the form of torch.optim.ASGD.
    """

    name = "asgd"
    order = 35
    summary = "p·(1 − lambd·eta) − eta·g with a falling eta; the average of all p beside it"
    torch_line = "torch.optim.ASGD(params, lr, lambd=lambd, alpha=alpha, t0=t0)"
    hyperparameters = (
        Input(
            "lambd", 1e-4, "how strongly weights are pulled to 0, and how fast eta falls", minimum=0
        ),
        Input("alpha", 0.75, "power by which eta falls", minimum=0),
        Input("t0", 10.0, "step from which on weights are averaged", minimum=0),
    )
    state = {"average": "ax"}
    counts_steps = True
    steps_apart = True
    uses_weight = True
    own_rates = "asgd has a falling rate of its own, eta"
    torch_class = "ASGD"

    # Sheet side

    def step_columns(self) -> list[Column]:
        return [
            column(
                "eta",
                "={learning_rate}/(1+{lambd}*{learning_rate}*({step}-1))^{alpha}",
                paper="learning_rate/(1 + lambd·learning_rate·(step − 1))^alpha",
                note="the rate of this step",
                torch_line="optimizer.state[p]['eta']  # before the step",
                symbol="η",
            ),
            column(
                "mu",
                "=1/MAX(1,{step}-1-{t0})",
                paper="1 / max(1, step − 1 − t0)",
                note="share of the new weight in the average",
                torch_line="optimizer.state[p]['mu']  # before the step",
                symbol="μ",
            ),
        ]

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"new.{p}",
                f"={{param.{p}}}*(1-{{lambd}}*{{eta}})-{{eta}}*{{{g}}}",
                paper=f"{p}·(1 − lambd·η) − η·g",
                note=f"{p} after this step",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
            column(
                f"average.{p}",
                f"=IF({{step}}-1-{{t0}}>1,{{prev.average.{p}}}"
                f"+({{new.{p}}}-{{prev.average.{p}}})*{{mu}},{{new.{p}}})",
                paper=f"average + (new {p} − average)·μ",
                note=f"average of {p} over the steps since t0: nothing is trained with it",
                torch_line=f"optimizer.state[{p}]['ax']",
                symbol="mean of",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.ASGD(
            parameters,
            lr=learning_rate,
            lambd=hyper["lambd"],
            alpha=hyper["alpha"],
            t0=hyper["t0"],
        )

    def torch_counters(self, done: int, group: Mapping[str, Any]) -> dict[str, float]:
        falls = (1 + group["lambd"] * group["lr"] * done) ** group["alpha"]
        return {"eta": group["lr"] / falls, "mu": 1 / max(1.0, done - group["t0"])}

    def of_steps(
        self,
        step: Tensor,
        hyper: Mapping[str, Tensor],
        learning_rate: float,
        rounding: Callable[[Tensor], Tensor],
    ) -> dict[str, Tensor]:
        done = step - 1
        falls = (1 + hyper["lambd"] * learning_rate * done) ** hyper["alpha"]
        return {"eta": learning_rate / falls, "mu": 1 / (done - hyper["t0"]).clamp(min=1.0)}


OPTIMIZER = ASGD()
