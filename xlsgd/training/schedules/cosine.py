"""Half a cosine: slowly at first, fast in the middle, slowly to the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Cosine"]


class Cosine(Schedule):
    """eta_min + (learning_rate - eta_min) · (1 + cos(π · count/cosine_steps))/2, up again after
    that; as torch.optim.lr_scheduler.CosineAnnealingLR."""

    name = "cosine"
    order = 7
    summary = "eta_min + (learning_rate − eta_min)·(1 + cos(π·count/cosine_steps))/2"
    torch_line = "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cosine_steps, eta_min)"
    hyperparameters = (
        Input("cosine_steps", 50.0, "counts from the rate to the least", minimum=1, whole=True),
        Input("eta_min", 0.0, "the least rate", minimum=0),
        EVERY,
    )
    torch_class = "CosineAnnealingLR"
    length_key = "cosine_steps"
    torch_names = {"cosine_steps": "T_max"}

    # Sheet side

    def rate(self) -> str:
        return "{eta_min}+({learning_rate}-{eta_min})*(1+COS(PI()*{count}/{cosine_steps}))/2"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import CosineAnnealingLR

        return CosineAnnealingLR(optimizer, int(hyper["cosine_steps"]), hyper["eta_min"])


SCHEDULE = Cosine()
