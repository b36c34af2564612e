"""RAdam: Adam that divides by the average square only once that can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.adam import PRODUCT, Adam
from xlsgd.training.optimizers.optimizer import column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "RAdam"]


_LONGEST = "(2/(1-{beta2})-1)"


class RAdam(Adam):
    """p - learning_rate · m_hat in the first steps; then p - learning_rate · m_hat · r · √(1 -
    beta2^step) / (√v + eps), where r rises to 1 as the average square sees more steps.

    Source: Liu et al. 2020, in the form of torch.optim.RAdam.
    """

    name = "radam"
    order = 32
    summary = (
        "p − learning_rate·m̂ at first, then p − learning_rate·m̂·r·√(1 − beta2^step)/(√v + eps)"
    )
    torch_line = "torch.optim.RAdam(params, lr, betas=(beta1, beta2), eps=eps)"
    steps_apart = True
    squares = PRODUCT
    torch_class = "RAdam"

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not (group["decoupled_weight_decay"] and group["weight_decay"])

    # Sheet side

    def step_columns(self) -> list[Column]:
        return [
            column(
                "rho",
                f"={_LONGEST}-2*{{step}}*{{beta2}}^{{step}}/(1-{{beta2}}^{{step}})",
                paper="2/(1 − beta2) − 1 − 2·step·beta2^step/(1 − beta2^step)",
                note="how many steps the average square has seen: up to 5 it is not trusted",
                torch_line="rho_inf - 2 * step * beta2**step / (1 - beta2**step)",
                symbol="ρ",
            ),
            column(
                "rectifier",
                f"=IF({{rho}}>5,SQRT(({{rho}}-4)*({{rho}}-2)*{_LONGEST}"
                f"/(({_LONGEST}-4)*({_LONGEST}-2)*{{rho}})),0)",
                paper="√((ρ − 4)(ρ − 2)·ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)·ρ))",
                note="how far the average square is trusted: 0 not at all, 1 fully",
                torch_line="((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * "
                "rho)) ** 0.5",
                symbol="r",
            ),
        ]

    def columns(self, p: str, g: str) -> list[Column]:
        m, v, m_hat, _, _ = super().columns(p, g)
        shrunk, paper = self.shrunk(p)
        return [
            m,
            v,
            m_hat,
            column(
                f"new.{p}",
                f"={shrunk}-{{learning_rate}}*{{m_hat.{p}}}*IF({{rho}}>5,{{rectifier}}"
                f"*SQRT(1-{{beta2}}^{{step}})/(SQRT({{sq_avg.{p}}})+{{eps}}),1)",
                paper=f"{paper} − learning_rate·m̂·(r·√(1 − beta2^step)/(√v + eps) if ρ > 5 else 1)",
                note=f"{p} after this step: along the average; divided by the root of the average "
                "square once that is trusted",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RAdam(
            parameters,
            lr=learning_rate,
            betas=(hyper["beta1"], hyper["beta2"]),
            eps=hyper["eps"],
            weight_decay=hyper.get("weight_decay", 0.0),
            decoupled_weight_decay=True,
        )

    def looks_at_memory(self, step: int, group: Mapping[str, Any]) -> bool:
        # The first steps are not divided, so slopes may get as large as they do by momentum.
        beta2 = group["betas"][1]
        return bool(2 / (1 - beta2) - 1 - 2 * step * beta2**step / (1 - beta2**step) > 5)

    def of_steps(
        self,
        step: Tensor,
        hyper: Mapping[str, Tensor],
        learning_rate: float,
        rounding: Callable[[Tensor], Tensor],
    ) -> dict[str, Tensor]:
        import torch

        # 1 - faded cancels in the first steps, and then rho does.
        faded = rounding(hyper["beta2"] ** step)
        longest = 2 / (1 - hyper["beta2"]) - 1
        rho = longest - 2 * step * faded / (1 - faded)
        trusted = rho > 5
        known = torch.where(trusted, rho, 6.0)
        below = (longest - 4) * (longest - 2) * known
        ratio = (known - 4) * (known - 2) * longest / below
        return {"rho": rho, "rectifier": torch.where(trusted, ratio.sqrt(), 0.0)}

    def derived(
        self, state: Mapping[str, Tensor], step: Tensor, hyper: Mapping[str, float]
    ) -> dict[str, Tensor]:
        return {"m_hat": state["avg_grad"] / (1 - hyper["beta1"] ** step)}


OPTIMIZER = RAdam()
