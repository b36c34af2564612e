"""A part of the rate for a while, and then all of it: a warm-up in one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "ConstantFactor"]


class ConstantFactor(Schedule):
    """learning_rate · factor until count is total_iters, and learning_rate from there on; as
    torch.optim.lr_scheduler.ConstantLR."""

    name = "constant-factor"
    order = 5
    summary = "learning_rate·factor while count < total_iters, then learning_rate"
    torch_line = "torch.optim.lr_scheduler.ConstantLR(optimizer, factor, total_iters)"
    hyperparameters = (
        Input("factor", 1 / 3, "part of the rate at first", minimum=0, positive=True),
        Input("total_iters", 5.0, "counts until it is all of it", minimum=1, whole=True),
        EVERY,
    )
    torch_class = "ConstantLR"
    length_key = "total_iters"
    multiplies = True

    # Sheet side

    def rate(self) -> str:
        return "{learning_rate}*IF({count}<{total_iters},{factor},1)"

    def fault(self, hyper: Mapping[str, float]) -> str:
        return "factor is a part of the rate, 1 at most" if hyper["factor"] > 1 else ""

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import ConstantLR

        return ConstantLR(optimizer, hyper["factor"], int(hyper["total_iters"]))


SCHEDULE = ConstantFactor()
