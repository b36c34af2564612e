"""RMSprop, centered and with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.rmsprop_centered import centered_columns, spread
from xlsgd.training.optimizers.rmsprop_momentum import RMSpropMomentum, rolling_columns

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "RMSpropCenteredMomentum"]


class RMSpropCenteredMomentum(RMSpropMomentum):
    """v = beta·v + g / (√(s - m²) + eps), then p - learning_rate · v, with averages s of g² and m
    of g.

    Source: torch.optim.RMSprop with centered=True and momentum.
    """

    name = "rmsprop-centered-momentum"
    order = 25
    torch_class = "RMSprop"
    summary = "averages s, m; v = beta·v + g/(√(s − m²) + eps), then p − learning_rate·v"
    torch_line = "torch.optim.RMSprop(params, lr, alpha, eps, momentum=beta, centered=True)"
    state = {"sq_avg": "square_avg", "avg_grad": "grad_avg", "velocity": "momentum_buffer"}

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["momentum"] and group["centered"])

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        rolling = rolling_columns(p, g, spread(p), "√(s − m²)", self.torch_line)
        return [*centered_columns(p, g), *rolling]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RMSprop(
            parameters,
            lr=learning_rate,
            alpha=hyper["alpha"],
            eps=hyper["eps"],
            momentum=hyper["beta"],
            centered=True,
        )


OPTIMIZER = RMSpropCenteredMomentum()
