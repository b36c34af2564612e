"""AdamW: Adam, and beside its step every weight shrinks a little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.adam import PRODUCT, Adam
from xlsgd.training.optimizers.optimizer import column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["DECAY", "OPTIMIZER", "AdamW"]


DECAY = Input("weight_decay", 0.01, "how strongly weights are pulled to 0", minimum=0)


class AdamW(Adam):
    """p · (1 - learning_rate · weight_decay), then as Adam: the decay does not go through its
    averages.

    Source: Loshchilov and Hutter 2019, in the form of torch.optim.AdamW.
    """

    name = "adamw"
    order = 27
    summary = "p·(1 − learning_rate·weight_decay) − learning_rate·m̂/(√v̂ + eps), else as Adam"
    torch_line = "torch.optim.AdamW(params, lr, betas=(beta1, beta2), eps=eps, weight_decay=…)"
    hyperparameters: ClassVar[tuple[Input, ...]] = (DECAY, *Adam.hyperparameters)
    uses_weight = True
    decays = True
    squares = PRODUCT
    torch_class = "AdamW"

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        *before, _ = super().columns(p, g)
        shrunk, paper = self.shrunk(p)
        return [
            *before,
            column(
                f"new.{p}",
                f"={shrunk}-{{learning_rate}}*{{m_hat.{p}}}/(SQRT({{v_hat.{p}}})+{{eps}})",
                paper=f"{paper} − learning_rate·m̂ / (√v̂ + eps)",
                note=f"{p} after this step: pulled to 0, and moved as by Adam",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        # As for Adam: every row has its own number of the step.
        return torch.optim.AdamW(
            parameters,
            lr=learning_rate or 1e-310,
            betas=(hyper["beta1"], hyper["beta2"]),
            eps=hyper["eps"],
            weight_decay=hyper["weight_decay"],
            amsgrad=self.amsgrad,
            differentiable=True,
        )


OPTIMIZER = AdamW()
