"""Down to nothing along a power of what is left of the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Polynomial"]


class Polynomial(Schedule):
    """learning_rate · (1 - count/total_iters)^power, then 0; as
    torch.optim.lr_scheduler.PolynomialLR."""

    name = "polynomial"
    order = 6
    summary = "learning_rate·(1 − min(count, total_iters)/total_iters)^power"
    torch_line = "torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters, power)"
    hyperparameters = (
        Input("total_iters", 50.0, "counts to 0", minimum=1, whole=True),
        Input("power", 1.0, "1 is a straight line, 2 a parabola", minimum=0, positive=True),
        EVERY,
    )
    torch_class = "PolynomialLR"
    length_key = "total_iters"
    multiplies = True

    # Sheet side

    def rate(self) -> str:
        return "{learning_rate}*(1-MIN({count},{total_iters})/{total_iters})^{power}"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import PolynomialLR

        return PolynomialLR(optimizer, int(hyper["total_iters"]), hyper["power"])


SCHEDULE = Polynomial()
