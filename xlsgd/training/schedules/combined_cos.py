"""fast.ai's fit_one_cycle: a cosine up to the rate, and a cosine down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "CombinedCos"]


class CombinedCos(Schedule):
    """From learning_rate/div up to learning_rate at pct_start of the way, and down to
    learning_rate/div_final, along half cosines; as fastai's combined_cos."""

    name = "combined-cos"
    order = 12
    summary = (
        "learning_rate/div up to learning_rate at pct_start, then down to learning_rate/div_final"
    )
    torch_line = "torch.optim.lr_scheduler.LambdaLR(optimizer, combined_cos)  # fastai has the line"
    hyperparameters = (
        Input("total_steps", 100.0, "counts of the whole way", minimum=2, whole=True),
        Input(
            "pct_start", 0.25, "part of the way that leads up", minimum=0, below=1, positive=True
        ),
        Input("div", 25.0, "what the rate is divided by at first", minimum=1),
        Input("div_final", 1e5, "what the rate is divided by at last", minimum=1),
        EVERY,
    )
    length_key = "total_steps"

    # Sheet side

    def rate(self) -> str:
        done = "MIN({count}/{total_steps},1)"
        up = f"1/{{div}}+(1+COS(PI()*(1-{done}/{{pct_start}})))*(1-1/{{div}})/2"
        share = f"({done}-{{pct_start}})/(1-{{pct_start}})"
        # Not as 1 minus something: of a hundred-thousandth that would leave eleven digits.
        down = f"1/{{div_final}}+(1-1/{{div_final}})*(1+COS(PI()*{share}))/2"
        return f"{{learning_rate}}*IF({done}<{{pct_start}},{up},{down})"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import LambdaLR

        start = hyper["pct_start"]

        def share(count: int) -> float:
            done = min(count / hyper["total_steps"], 1.0)
            low, end = 1 / hyper["div"], 1 / hyper["div_final"]
            if done < start:
                return low + (1 - low) * (1 + math.cos(math.pi * (1 - done / start))) / 2
            return end + (1 - end) * (1 + math.cos(math.pi * (done - start) / (1 - start))) / 2

        return LambdaLR(optimizer, share)


SCHEDULE = CombinedCos()
