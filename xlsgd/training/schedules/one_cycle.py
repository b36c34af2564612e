"""Up to the rate and down to nothing, once; momentum goes the other way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "OneCycle", "momenta"]


class OneCycle(Schedule):
    """From learning_rate/div_factor up to learning_rate at pct_start of the way, and down to
    learning_rate/div_factor/final_div_factor, along cosines. beta or beta1, where the optimizer
    has one, goes from max_momentum down to base_momentum and up again. As
    torch.optim.lr_scheduler.OneCycleLR, which knows no rate after the end; here the last one
    stays."""

    name = "one-cycle"
    order = 9
    summary = (
        "learning_rate/div_factor up to learning_rate, then down to nearly nothing, along cosines"
    )
    torch_line = (
        "torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps, pct_start=pct_start)"
    )
    hyperparameters = (
        Input("total_steps", 100.0, "counts of the cycle", minimum=2, whole=True),
        Input("pct_start", 0.3, "part of the way that leads up", minimum=0, below=1),
        Input("div_factor", 25.0, "what the rate is divided by at first", minimum=1),
        Input("final_div_factor", 1e4, "what that is divided by at last", minimum=1),
        Input("base_momentum", 0.85, "least momentum, at the greatest rate", minimum=0, below=1),
        Input("max_momentum", 0.95, "greatest momentum, at first and at last", minimum=0, below=1),
        EVERY,
    )
    momentum_keys = ("base_momentum", "max_momentum")
    torch_class = "OneCycleLR"
    anneals: ClassVar[Literal["cos", "linear"]] = "cos"
    three_phase: ClassVar[bool] = False
    """As torch's options anneal_strategy and three_phase."""

    # Sheet side

    def rate(self) -> str:
        low = "{learning_rate}/{div_factor}"
        return self._along(low, "{learning_rate}", low, f"{low}/{{final_div_factor}}")

    def momentum(self) -> str:
        return self._along("{max_momentum}", "{base_momentum}", "{max_momentum}", "{max_momentum}")

    def _along(self, first: str, then: str, back: str, last: str) -> str:
        """Return the expression of a number that goes from one to the next, or past what it goes
        back to, where that is no phase of its own."""
        turn, end = "({pct_start}*{total_steps}-1)", "({total_steps}-1)"
        count = "MIN({count},{total_steps}-1)"
        up = self._way(first, then, f"{count}/{turn}")
        if not self.three_phase:
            down = self._way(then, last, f"({count}-{turn})/({end}-{turn})")
            return f"IF({count}<={turn},{up},{down})"
        again = "(2*{pct_start}*{total_steps}-2)"
        down = self._way(then, back, f"({count}-{turn})/({again}-{turn})")
        out = self._way(back, last, f"({count}-{again})/({end}-{again})")
        return f"IF({count}<={turn},{up},IF({count}<={again},{down},{out}))"

    def _way(self, start: str, stop: str, share: str) -> str:
        if self.anneals == "linear":
            return f"({stop}-{start})*({share})+{start}"
        return f"{stop}+({start}-{stop})/2*(1+COS(PI()*{share}))"

    def fault(self, hyper: Mapping[str, float]) -> str:
        up, end = hyper["pct_start"] * hyper["total_steps"] - 1, hyper["total_steps"] - 1
        if self.three_phase and 2 * up >= end:
            return "pct_start leaves no step after the way up and down; take less than 0.5"
        if 0 <= up < 1e-9 or abs(up - end) < 1e-9:
            return "pct_start leaves no step on the way up or down; take another, or more steps"
        return ""

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import OneCycleLR

        class Once(OneCycleLR):
            def step(self, epoch: int | None = None) -> None:
                if self.last_epoch + 1 < self.total_steps:
                    super().step()

        return Once(
            optimizer,
            max_lr=[float(group["lr"]) for group in optimizer.param_groups],
            total_steps=int(hyper["total_steps"]),
            pct_start=float(hyper["pct_start"]),
            div_factor=hyper["div_factor"],
            final_div_factor=hyper["final_div_factor"],
            base_momentum=hyper["base_momentum"],
            max_momentum=hyper["max_momentum"],
            anneal_strategy=self.anneals,
            three_phase=self.three_phase,
            cycle_momentum=optimizer.defaults["momentum"] > 0,
        )

    def greatest(self, scheduler: Any, group: int = 0) -> float:
        return float(scheduler.optimizer.param_groups[group]["max_lr"])

    def reads(self, scheduler: Any) -> dict[str, float] | None:
        group, phases = scheduler.optimizer.param_groups[0], scheduler._schedule_phases
        own = (len(phases) == 3, scheduler._anneal_func_type)
        if own != (self.three_phase, self.anneals):
            return None
        found = {
            "total_steps": float(scheduler.total_steps),
            "pct_start": (phases[0]["end_step"] + 1) / scheduler.total_steps,
            "div_factor": group["max_lr"] / group["initial_lr"],
            "final_div_factor": group["initial_lr"] / group["min_lr"],
        }
        return found | momenta(scheduler)


def momenta(scheduler: Any) -> dict[str, float]:
    """Torch side: return between what momentum moves; where it stays, both are what it is."""
    group, *others = scheduler.optimizer.param_groups
    if scheduler.cycle_momentum:
        for other in others:
            if any(other[key] != group[key] for key in ("base_momentum", "max_momentum")):
                raise SpecError(
                    f"the scheduler {type(scheduler).__name__} moves the momentum of its groups of "
                    "weights between numbers of their own; give all the same"
                )
        return {key: float(group[key]) for key in ("base_momentum", "max_momentum")}
    kept = group["betas"][0] if "betas" in group else group.get("momentum", 0.0)
    return dict.fromkeys(("base_momentum", "max_momentum"), float(kept))


SCHEDULE = OneCycle()
