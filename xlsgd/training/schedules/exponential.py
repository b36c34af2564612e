"""The rate shrinks by the same factor again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Exponential"]


class Exponential(Schedule):
    """learning_rate · gamma^count, as torch.optim.lr_scheduler.ExponentialLR."""

    name = "exponential"
    order = 4
    summary = "learning_rate·gamma^count"
    torch_line = "torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)"
    hyperparameters = (
        Input("gamma", 0.95, "what the rate is multiplied with", minimum=0, positive=True),
        EVERY,
    )
    torch_class = "ExponentialLR"
    multiplies = True

    # Sheet side

    def rate(self) -> str:
        return "{learning_rate}*{gamma}^{count}"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import ExponentialLR

        return ExponentialLR(optimizer, hyper["gamma"])


SCHEDULE = Exponential()
