"""One cycle along straight lines: up to the greatest rate, then down to nearly nothing."""

from __future__ import annotations

from xlsgd.training.schedules.one_cycle import OneCycle

__all__ = ["SCHEDULE", "OneCycleLinear"]


class OneCycleLinear(OneCycle):
    """As one-cycle, but along straight lines: OneCycleLR with anneal_strategy='linear'."""

    name = "one-cycle-linear"
    order = 10
    summary = "as one-cycle, along straight lines"
    torch_line = (
        "torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps, pct_start=pct_start, "
        "anneal_strategy='linear')"
    )
    torch_class = "OneCycleLR"
    anneals = "linear"
    three_phase = False


SCHEDULE = OneCycleLinear()
