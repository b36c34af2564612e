"""No schedule: every step has the learning rate that is typed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.training.schedules.schedule import Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Constant"]


class Constant(Schedule):
    """learning_rate at every step."""

    name = "constant"
    order = 1
    summary = "learning_rate"
    torch_line = "torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)"

    # Sheet side

    def rate(self) -> str:
        return "{learning_rate}"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import ConstantLR

        return ConstantLR(optimizer, factor=1.0)


SCHEDULE = Constant()
