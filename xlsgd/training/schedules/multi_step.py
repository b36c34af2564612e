"""The rate drops by a factor at up to four milestones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "MultiStep"]

_MILESTONES = ("milestone_1", "milestone_2", "milestone_3", "milestone_4")


class MultiStep(Schedule):
    """learning_rate · gamma^(milestones passed), as torch.optim.lr_scheduler.MultiStepLR."""

    name = "multi-step"
    order = 3
    summary = "learning_rate·gamma^(milestones up to count)"
    torch_line = "torch.optim.lr_scheduler.MultiStepLR(optimizer, [milestone_1, …], gamma)"
    hyperparameters = (
        Input("milestone_1", 10.0, "count at which the rate drops", minimum=1, whole=True),
        Input(
            "milestone_2",
            20.0,
            "count at which the rate drops, if it gets that far",
            minimum=1,
            whole=True,
        ),
        Input(
            "milestone_3",
            1e6,
            "count at which the rate drops, if it gets that far",
            minimum=1,
            whole=True,
        ),
        Input(
            "milestone_4",
            1e6,
            "count at which the rate drops, if it gets that far",
            minimum=1,
            whole=True,
        ),
        Input("gamma", 0.5, "what the rate is multiplied with", minimum=0, positive=True),
        EVERY,
    )
    torch_class = "MultiStepLR"
    multiplies = True

    # Sheet side

    def rate(self) -> str:
        passed = "+".join(f"IF({{count}}<{{{key}}},0,1)" for key in _MILESTONES)
        return f"{{learning_rate}}*{{gamma}}^({passed})"

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import MultiStepLR

        return MultiStepLR(optimizer, [int(hyper[key]) for key in _MILESTONES], hyper["gamma"])

    def reads(self, scheduler: Any) -> dict[str, float] | None:
        passed = sorted(scheduler.milestones.elements())
        if len(passed) > len(_MILESTONES):
            raise SpecError(
                f"the scheduler MultiStepLR has {len(passed)} milestones, and {self.name} takes "
                f"{len(_MILESTONES)}; make two of it, and a ChainedScheduler of these"
            )
        # Those that are not used lie beyond the end of any run.
        passed += [1_000_000] * (len(_MILESTONES) - len(passed))
        found = dict(zip(_MILESTONES, map(float, passed), strict=True))
        return {**found, "gamma": float(scheduler.gamma)}


SCHEDULE = MultiStep()
