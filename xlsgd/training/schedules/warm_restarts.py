"""A cosine down, and all of the rate again; every cycle may be longer than the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "WarmRestarts"]


class WarmRestarts(Schedule):
    """eta_min + (learning_rate - eta_min) · (1 + cos(π · since_restart/cycle_length))/2, as
    torch.optim.lr_scheduler.CosineAnnealingWarmRestarts."""

    name = "warm-restarts"
    order = 8
    summary = "eta_min + (learning_rate − eta_min)·(1 + cos(π·since_restart/cycle_length))/2"
    torch_line = (
        "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, first_cycle, longer_by)"
    )
    hyperparameters = (
        Input("first_cycle", 10.0, "counts of the first cycle", minimum=1, whole=True),
        Input("longer_by", 2.0, "how many times as long the next cycle is", minimum=1, whole=True),
        Input("eta_min", 0.0, "the least rate", minimum=0),
        EVERY,
    )
    torch_class = "CosineAnnealingWarmRestarts"
    torch_names = {"first_cycle": "T_0", "longer_by": "T_mult"}
    shown = {"cycle_length": "T_i", "since_restart": "T_cur"}

    # Sheet side

    def more_columns(self) -> list[Column]:
        # A logarithm of a whole power may be a last digit too small.
        cycles = "INT(LN({count}/{first_cycle}*({longer_by}-1)+1)/LN({longer_by})+0.000000001)"
        return [
            Column(
                "cycle_length",
                f"=IF({{longer_by}}=1,{{first_cycle}},{{first_cycle}}*{{longer_by}}^{cycles})",
                paper="first_cycle·longer_by^(cycles so far)",
                note="counts of this cycle",
                torch="scheduler.T_i",
                group="update",
            ),
            Column(
                "since_restart",
                "=IF({longer_by}=1,MOD({count},{first_cycle}),"
                "{count}-({cycle_length}-{first_cycle})/MAX(1,{longer_by}-1))",
                paper="count − counts of all cycles before",
                note="counts since this cycle began",
                torch="scheduler.T_cur",
                group="update",
            ),
        ]

    def rate(self) -> str:
        return (
            "{eta_min}+({learning_rate}-{eta_min})*(1+COS(PI()*{since_restart}/{cycle_length}))/2"
        )

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts

        lengths = int(hyper["first_cycle"]), int(hyper["longer_by"])
        return CosineAnnealingWarmRestarts(optimizer, *lengths, hyper["eta_min"])


SCHEDULE = WarmRestarts()
