"""The rate drops by a factor every so many steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Step"]


class Step(Schedule):
    """learning_rate · gamma^(count/step_size, rounded down), as torch.optim.lr_scheduler.StepLR."""

    name = "step"
    order = 2
    summary = "learning_rate·gamma^⌊count/step_size⌋"
    torch_line = "torch.optim.lr_scheduler.StepLR(optimizer, step_size, gamma)"
    hyperparameters = (
        Input("step_size", 10.0, "counts between two drops", minimum=1, whole=True),
        Input("gamma", 0.5, "what the rate is multiplied with", minimum=0, positive=True),
        EVERY,
    )
    torch_class = "StepLR"
    multiplies = True

    # Sheet side

    def rate(self) -> str:
        return "{learning_rate}*{gamma}^INT({count}/{step_size})"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import StepLR

        return StepLR(optimizer, int(hyper["step_size"]), hyper["gamma"])


SCHEDULE = Step()
