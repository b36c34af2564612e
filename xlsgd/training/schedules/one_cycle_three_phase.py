"""One cycle in three phases: up, as far down again, and then to nearly nothing."""

from __future__ import annotations

from xlsgd.training.schedules.one_cycle import OneCycle

__all__ = ["SCHEDULE", "OneCycleThreePhase"]


class OneCycleThreePhase(OneCycle):
    """As one-cycle, but the way down ends where the way up began, and a third phase leads to
    learning_rate/div_factor/final_div_factor: OneCycleLR with three_phase=True."""

    name = "one-cycle-three-phase"
    order = 10
    summary = (
        "learning_rate/div_factor up to learning_rate, as far down again, then to nearly nothing"
    )
    torch_line = (
        "torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps, pct_start=pct_start, "
        "three_phase=True)"
    )
    torch_class = "OneCycleLR"
    anneals = "cos"
    three_phase = True


SCHEDULE = OneCycleThreePhase()
