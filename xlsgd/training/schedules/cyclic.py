"""Up and down between two rates, again and again; momentum goes the other way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.one_cycle import momenta
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Cyclic"]

_LENGTH = "({step_size_up}+{step_size_down})"
_AT = f"MOD({{count}},{_LENGTH})"
_HEIGHT = (
    f"IF({_AT}<={{step_size_up}},{_AT}/{{step_size_up}},({_LENGTH}-{_AT})/{{step_size_down}})"
    f"*{{shrink}}^INT({{count}}/{_LENGTH})*{{gamma}}^{{count}}"
)


class Cyclic(Schedule):
    """From base_share · learning_rate up to learning_rate in step_size_up counts, and down again
    in step_size_down. Every cycle may be less high than the last by shrink, or every count by
    gamma. beta or beta1, where the optimizer has one, goes down from max_momentum to
    base_momentum. As torch.optim.lr_scheduler.CyclicLR."""

    name = "cyclic"
    order = 10
    summary = "base + (learning_rate − base)·height, up and down; base = base_share·learning_rate"
    torch_line = "torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr, max_lr, step_size_up, …)"
    hyperparameters = (
        Input("base_share", 0.1, "the least rate, as a part of the greatest", minimum=0, below=1),
        Input("step_size_up", 10.0, "counts up", minimum=1, whole=True),
        Input("step_size_down", 10.0, "counts down", minimum=1, whole=True),
        Input("shrink", 1.0, "height of a cycle, as a part of the last", minimum=0, positive=True),
        Input("gamma", 1.0, "height of a count, as a part of the last", minimum=0, positive=True),
        Input("base_momentum", 0.8, "least momentum, at the greatest rate", minimum=0, below=1),
        Input("max_momentum", 0.9, "greatest momentum, at the least rate", minimum=0, below=1),
        EVERY,
    )
    momentum_keys = ("base_momentum", "max_momentum")
    torch_class = "CyclicLR"

    # Sheet side

    def rate(self) -> str:
        return "{learning_rate}*({base_share}+(1-{base_share})*" + _HEIGHT + ")"

    def momentum(self) -> str:
        return "{max_momentum}-({max_momentum}-{base_momentum})*" + _HEIGHT

    def fault(self, hyper: Mapping[str, float]) -> str:
        if hyper["shrink"] != 1 and hyper["gamma"] != 1:
            return "shrink and gamma both change the height; leave one of them at 1"
        return ""

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import CyclicLR

        rates = [float(group["lr"]) for group in optimizer.param_groups]
        shrink, gamma = hyper["shrink"], hyper["gamma"]
        return CyclicLR(
            optimizer,
            base_lr=[rate * hyper["base_share"] for rate in rates],
            max_lr=rates,
            step_size_up=int(hyper["step_size_up"]),
            step_size_down=int(hyper["step_size_down"]),
            mode="triangular" if gamma == 1 else "exp_range",
            gamma=gamma,
            scale_fn=None if shrink == 1 else lambda cycle: shrink ** (cycle - 1),
            scale_mode="cycle",
            cycle_momentum=optimizer.defaults["momentum"] > 0,
            base_momentum=hyper["base_momentum"],
            max_momentum=hyper["max_momentum"],
        )

    def greatest(self, scheduler: Any, group: int = 0) -> float:
        return float(scheduler.max_lrs[group])

    def reads(self, scheduler: Any) -> dict[str, float] | None:
        if scheduler._scale_fn_custom is not None:
            raise SpecError(
                "the scheduler CyclicLR has a scale_fn, a Python function, which no sheet can look "
                "into; use mode='triangular2' or 'exp_range', or write the rates as a formula: "
                "scheduler='learning_rate/(1+0.1*count)'"
            )
        ends = zip(scheduler.base_lrs, scheduler.max_lrs, strict=True)
        shares = [least / most for least, most in ends if most]
        if shares and max(shares) - min(shares) > 1e-9 * max(shares):
            raise SpecError(
                "the scheduler CyclicLR goes between base_lr and max_lr whose quotient is another "
                f"one in every group of weights: {', '.join(f'{s:g}' for s in shares)}; give all "
                "the same"
            )
        up = scheduler.total_size * scheduler.step_ratio
        found = {
            "base_share": scheduler.base_lrs[0] / scheduler.max_lrs[0],
            "step_size_up": float(round(up)),
            "step_size_down": float(round(scheduler.total_size - up)),
            "shrink": 0.5 if scheduler.mode == "triangular2" else 1.0,
            "gamma": float(scheduler.gamma) if scheduler.mode == "exp_range" else 1.0,
        }
        return found | momenta(scheduler)


SCHEDULE = Cyclic()
