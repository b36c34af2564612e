"""AMSGrad: Adam whose step never grows again, by the largest average square so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.adam import AVERAGES, PRODUCT, Adam
from xlsgd.training.optimizers.optimizer import column

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["OPTIMIZER", "AMSGrad"]


class AMSGrad(Adam):
    """Adam with the largest v so far in place of v; largest before the correction for the start.

    Source: Reddi et al. 2018, in the form of torch.optim.Adam with amsgrad=True.
    """

    name = "amsgrad"
    order = 26
    torch_class = "Adam"
    summary = "Adam with v̂ from the largest v so far"
    torch_line = "torch.optim.Adam(params, lr, betas=(beta1, beta2), eps=eps, amsgrad=True)"
    state = {**AVERAGES, "sq_max": "max_exp_avg_sq"}
    amsgrad = True
    squares = PRODUCT

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        m, v, m_hat, v_hat, new = super().columns(p, g)
        largest = column(
            f"sq_max.{p}",
            f"=MAX({{prev.sq_max.{p}}},{{sq_avg.{p}}})",
            paper="max(v so far)",
            note=f"the largest running average of the squared derivatives for {p} so far",
            torch_line=f"optimizer.state[{p}]['max_exp_avg_sq']",
            symbol="max v",
        )
        corrected = column(
            v_hat.quantity,
            f"={{sq_max.{p}}}/(1-{{beta2}}^{{step}})",
            paper="max v / (1 − beta2^step)",
            note=f"largest average squared derivative for {p}, corrected for its start at 0",
            torch_line=f"state[{p}]['max_exp_avg_sq'] / (1 - beta2**step)",
            symbol="v̂",
        )
        return [m, v, largest, m_hat, corrected, new]

    # Torch side

    def derived(
        self, state: Mapping[str, Tensor], step: Tensor, hyper: Mapping[str, float]
    ) -> dict[str, Tensor]:
        return super().derived({**state, "sq_avg": state["sq_max"]}, step, hyper)


OPTIMIZER = AMSGrad()
