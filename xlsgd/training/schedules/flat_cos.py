"""fast.ai's fit_flat_cos: the whole rate for a while, then half a cosine down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "FlatCos"]


class FlatCos(Schedule):
    """learning_rate until pct_start of the way, then along half a cosine to
    learning_rate/div_final; as fastai's fit_flat_cos."""

    name = "flat-cos"
    order = 11
    summary = "learning_rate, from pct_start on along a cosine to learning_rate/div_final"
    torch_line = "torch.optim.lr_scheduler.LambdaLR(optimizer, flat_cos)  # fastai has the line"
    hyperparameters = (
        Input("total_steps", 100.0, "counts of the whole way", minimum=2, whole=True),
        Input("pct_start", 0.75, "part of the way at the whole rate", minimum=0, below=1),
        Input("div_final", 1e5, "what the rate is divided by at last", minimum=1),
        EVERY,
    )
    length_key = "total_steps"

    # Sheet side

    def rate(self) -> str:
        share = "(MIN({count}/{total_steps},1)-{pct_start})/(1-{pct_start})"
        low = "1/{div_final}"
        # Not as 1 minus something: of a hundred-thousandth that would leave eleven digits.
        down = f"{low}+(1-{low})*(1+COS(PI()*{share}))/2"
        return f"{{learning_rate}}*IF({{count}}/{{total_steps}}<{{pct_start}},1,{down})"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import LambdaLR

        start = hyper["pct_start"]

        def share(count: int) -> float:
            done = min(count / hyper["total_steps"], 1.0)
            if done < start:
                return 1.0
            low = 1 / hyper["div_final"]
            return low + (1 - low) * (1 + math.cos(math.pi * (done - start) / (1 - start))) / 2

        return LambdaLR(optimizer, share)


SCHEDULE = FlatCos()
