"""A straight line from a part of the rate to another: a warm-up, or a way down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Linear"]


class Linear(Schedule):
    """learning_rate · (start_factor + (end_factor - start_factor) · count/total_iters), and
    end_factor from there on; as torch.optim.lr_scheduler.LinearLR."""

    name = "linear"
    order = 5
    summary = "learning_rate·(start_factor + (end_factor − start_factor)·min(count/total_iters, 1))"
    torch_line = (
        "torch.optim.lr_scheduler.LinearLR(optimizer, start_factor, end_factor, total_iters)"
    )
    hyperparameters = (
        Input("start_factor", 0.2, "part of the rate at first", minimum=0, positive=True),
        Input("end_factor", 1.0, "part of the rate at last", minimum=0),
        Input("total_iters", 10.0, "counts on the way", minimum=1, whole=True),
        EVERY,
    )
    torch_class = "LinearLR"
    length_key = "total_iters"
    multiplies = True

    # Sheet side

    def rate(self) -> str:
        return (
            "{learning_rate}*({start_factor}+({end_factor}-{start_factor})"
            "*MIN({count},{total_iters})/{total_iters})"
        )

    def fault(self, hyper: Mapping[str, float]) -> str:
        most = max(hyper["start_factor"], hyper["end_factor"])
        return "start_factor and end_factor are parts of the rate, 1 at most" if most > 1 else ""

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import LinearLR

        total = int(hyper["total_iters"])
        return LinearLR(optimizer, hyper["start_factor"], hyper["end_factor"], total)


SCHEDULE = Linear()
