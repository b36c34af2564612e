"""RMSprop: every parameter has its own step, divided by how large its gradients are of late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "RMSprop"]


class RMSprop(Optimizer):
    """s = alpha·s + (1 - alpha)·g², then p - learning_rate · g / (√s + eps).

    Source: Hinton's lecture notes, in the form of torch.optim.RMSprop: the new average counts,
    eps stands outside the root.
    """

    name = "rmsprop"
    order = 6
    summary = "s = alpha·s + (1 − alpha)·g², then p − learning_rate·g/(√s + eps)"
    torch_line = "torch.optim.RMSprop(params, lr, alpha=alpha, eps=eps)"
    hyperparameters: ClassVar[tuple[Input, ...]] = (
        Input("alpha", 0.99, "share of the old average that is kept", minimum=0, below=1),
        Input("eps", 1e-8, "keeps the division from dividing by 0", minimum=0, positive=True),
    )
    state = {"sq_avg": "square_avg"}
    torch_class = "RMSprop"

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not (group["centered"] or group["momentum"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"sq_avg.{p}",
                f"={{alpha}}*{{prev.sq_avg.{p}}}+(1-{{alpha}})*{{{g}}}^2",
                paper="alpha·s + (1 − alpha)·g²",
                note=f"running average of the squared derivatives for {p}",
                torch_line=f"optimizer.state[{p}]['square_avg']",
                symbol="v",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{{g}}}/(SQRT({{sq_avg.{p}}})+{{eps}})",
                paper=f"{p} − learning_rate·g / (√s + eps)",
                note=f"{p} after this step: the derivative in units of its own usual size",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RMSprop(
            parameters, lr=learning_rate, alpha=hyper["alpha"], eps=hyper["eps"]
        )


OPTIMIZER = RMSprop()
