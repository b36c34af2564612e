"""NAdam: Adam that looks one step ahead, as Nesterov's momentum does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.adam import PRODUCT, Adam
from xlsgd.training.optimizers.optimizer import column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "NAdam"]


_MU = "{{beta1}}*(1-0.5*0.96^({}*{{momentum_decay}}))".format


class NAdam(Adam):
    """Adam with (1 - mu)·g / (1 - Π mu) + mu_next·m / (1 - Π mu·mu_next) in place of m_hat;
    mu = beta1 · (1 - 0.96^(step · momentum_decay)/2), and Π mu is the product of all so far.

    Source: Dozat 2016, in the form of torch.optim.NAdam.
    """

    name = "nadam"
    order = 30
    summary = "Adam with (1 − mu)·g/(1 − Πmu) + mu_next·m/(1 − Πmu·mu_next) in place of m̂"
    torch_line = "torch.optim.NAdam(params, lr, betas=(beta1, beta2), eps=eps, momentum_decay=…)"
    hyperparameters: ClassVar[tuple[Input, ...]] = (
        *Adam.hyperparameters,
        Input("momentum_decay", 0.004, "how fast mu comes up to beta1", minimum=0),
    )
    steps_apart = True
    squares = PRODUCT
    torch_class = "NAdam"
    # Its product is that of one beta1 for all steps.
    momentum_key = ""

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not (group["decoupled_weight_decay"] and group["weight_decay"])

    # Sheet side

    def step_columns(self) -> list[Column]:
        return [
            column(
                "mu",
                f"={_MU('{step}')}",
                paper="beta1·(1 − 0.96^(step·momentum_decay)/2)",
                note="share of the average derivative in this step",
                torch_line="beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))",
            ),
            column(
                "mu_next",
                f"={_MU('({step}+1)')}",
                paper="mu of the next step",
                note="share of the average derivative in the next step",
                torch_line="beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))",
            ),
            column(
                "mu_product",
                # Rows of a batch share their step.
                "={prev.mu_product}*IF({step}={prev.step},1,{mu})",
                paper="mu of all steps so far, multiplied",
                note="what is missing to 1 in the average, as it starts at 0",
                torch_line="optimizer.state[p]['mu_product']",
                symbol="Πmu",
                first="={mu}",
            ),
        ]

    def columns(self, p: str, g: str) -> list[Column]:
        m, v, _, v_hat, _ = super().columns(p, g)
        along = (
            f"({{{g}}}*(1-{{mu}})/(1-{{mu_product}})"
            f"+{{avg_grad.{p}}}*{{mu_next}}/(1-{{mu_product}}*{{mu_next}}))"
        )
        shrunk, paper = self.shrunk(p)
        return [
            m,
            v,
            v_hat,
            column(
                f"new.{p}",
                f"={shrunk}-{{learning_rate}}*{along}/(SQRT({{v_hat.{p}}})+{{eps}})",
                paper=f"{paper} − learning_rate·(g·(1 − mu)/(1 − Πmu) + "
                "m·mu_next/(1 − Πmu·mu_next)) / (√v̂ + eps)",
                note=f"{p} after this step: along the derivative and the average that comes next",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.NAdam(
            parameters,
            lr=learning_rate,
            betas=(hyper["beta1"], hyper["beta2"]),
            eps=hyper["eps"],
            momentum_decay=hyper["momentum_decay"],
            weight_decay=hyper.get("weight_decay", 0.0),
            decoupled_weight_decay=True,
        )

    def torch_counters(self, done: int, group: Mapping[str, Any]) -> dict[str, float]:
        hyper = {"beta1": group["betas"][0], "momentum_decay": group["momentum_decay"]}
        return {"mu_product": _products(hyper, done)[done]}

    def of_steps(
        self,
        step: Tensor,
        hyper: Mapping[str, Tensor],
        learning_rate: float,
        rounding: Callable[[Tensor], Tensor],
    ) -> dict[str, Tensor]:
        import torch

        every = torch.arange(1, int(step.max()) + 1, dtype=step.dtype)
        products = _mu(hyper, every).cumprod(-1)
        return {
            "mu": _mu(hyper, step),
            "mu_next": _mu(hyper, step + 1),
            "mu_product": products[:, step.long() - 1],
        }

    def derived(
        self, state: Mapping[str, Tensor], step: Tensor, hyper: Mapping[str, float]
    ) -> dict[str, Tensor]:
        return {"v_hat": state["sq_avg"] / (1 - hyper["beta2"] ** step)}


def _mu(hyper: Mapping[str, Any], step: Any) -> Any:
    return hyper["beta1"] * (1 - 0.5 * 0.96 ** (step * hyper["momentum_decay"]))


_known: dict[tuple[float, float], list[float]] = {}


def _products(hyper: Mapping[str, float], steps: int) -> list[float]:
    """Return the products of mu of the first 0, 1, 2, … steps, so many at least."""
    found = _known.setdefault((hyper["beta1"], hyper["momentum_decay"]), [1.0])
    while len(found) <= steps:
        found.append(found[-1] * _mu(hyper, len(found)))
    return found


OPTIMIZER = NAdam()
