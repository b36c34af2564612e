"""The rate falls once the loss of an epoch has not become better for some epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.schedule import ROW_LOSSES, Schedule

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["SCHEDULE", "Plateau"]

_NONE_YET = 1e300
"""The best loss before there is one, where torch has infinity, which no cell can hold."""

_OPTIONS = ("factor", "patience", "threshold", "threshold_abs", "cooldown", "min_lr", "rate_eps")


class Plateau(Schedule):
    """learning_rate, times factor whenever the mean loss of an epoch has been no better than the
    best before for more than patience epochs; better is less than best · (1 - threshold) -
    threshold_abs. After that cooldown epochs do not count. As torch's ReduceLROnPlateau, stepped
    after every epoch with the mean of the losses that its rows had as they came by."""

    name = "plateau"
    order = 15
    summary = "rate·factor after more than patience epochs whose mean loss was no better"
    torch_line = "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, 'min', factor, patience, …)"
    hyperparameters = (
        Input("factor", 0.1, "what the rate is multiplied with", minimum=0, below=1),
        Input("patience", 10.0, "epochs without a better loss that are let pass", minimum=0,
              whole=True),
        Input("threshold", 1e-4, "better is less than the best by this part of it", minimum=0,
              below=1),
        Input("threshold_abs", 0.0, "better is less than the best by this, beside the part",
              minimum=0),
        Input("cooldown", 0.0, "epochs after a fall that do not count", minimum=0, whole=True),
        Input("min_lr", 0.0, "the least rate", minimum=0),
        Input("rate_eps", 1e-8, "a fall of the rate by no more than this is left out", minimum=0),
    )  # fmt: skip
    torch_class = "ReduceLROnPlateau"
    shown = {
        "gain": "gain",
        "better": "better",
        "best_loss": "best_loss",
        "lowered": "lowered",
        "bad_epochs": "num_bad_epochs",
        "cooldown_left": "cooldown_counter",
    }
    follows_losses = True
    decides_by = "gain"
    begins = "={learning_rate}"

    # Sheet side

    def more_columns(self) -> list[Column]:
        mean = "{prev.loss_sum}/{rows}"
        let_pass = "OR({better}=1,{prev.cooldown_left}>0)"

        def of_epoch(quantity: str, now: str, first: str, paper: str, note: str) -> Column:
            """Return a column that changes with the first row of an epoch."""
            return Column(
                quantity,
                f"=IF({{epoch}}={{prev.epoch}},{{prev.{quantity}}},{now})",
                paper=paper,
                note=note,
                torch=f"scheduler.{_IN_TORCH[quantity]}",
                group="update",
                first=first,
            )

        return [
            Column(
                "loss_sum",
                f"=IF({{epoch}}={{prev.epoch}},{{prev.loss_sum}},0)+{ROW_LOSSES}",
                paper="Σ loss in this epoch",
                note="losses of the epoch's rows so far; at its end, over rows, its mean loss",
                torch="epoch_loss += loss.item()",
                group="update",
                first=f"={ROW_LOSSES}",
            ),
            of_epoch(
                "gain",
                f"{{prev.best_loss}}*(1-{{threshold}})-{{threshold_abs}}-{mean}",
                "0",
                "best·(1 − threshold) − threshold_abs − loss",
                "by how much the mean loss of the epoch before was below what counts as better",
            ),
            of_epoch(
                "better",
                # As in torch, what is no number is no better; SIGN because IronCalc takes a
                # computed number of a last digit for 0.
                "IF(ISNUMBER({gain}),IF(SIGN({gain})>0,1,0),0)",
                "0",
                "1 if gain > 0",
                "1 if the epoch before was better than the best before it",
            ),
            of_epoch(
                "best_loss",
                f"IF({{better}}=1,{mean},{{prev.best_loss}})",
                "=10^300",
                "loss if better, else the best before",
                "the best mean loss of an epoch so far; 1E+300 before there is one",
            ),
            of_epoch(
                "lowered",
                f"IF({let_pass},0,IF({{prev.bad_epochs}}+1>{{patience}},1,0))",
                "0",
                "1 if bad epochs > patience",
                "1 if the rate falls with this epoch",
            ),
            of_epoch(
                "bad_epochs",
                f"IF(OR({{lowered}}=1,{let_pass}),0,{{prev.bad_epochs}}+1)",
                "0",
                "+1 if not better; 0 if better, lowered or cooling down",
                "epochs in a row that were no better",
            ),
            of_epoch(
                "cooldown_left",
                "IF({lowered}=1,{cooldown},MAX(0,{prev.cooldown_left}-1))",
                "0",
                "cooldown if lowered, else one less",
                "epochs to come that do not count",
            ),
        ]

    def rate(self) -> str:
        less = "MAX({prev.rate}*{factor},{min_lr})"
        falls = f"AND({{epoch}}>{{prev.epoch}},{{lowered}}=1,{{prev.rate}}-{less}>{{rate_eps}})"
        return f"IF({falls},{less},{{prev.rate}})"

    def fault(self, hyper: Mapping[str, float]) -> str:
        if hyper["threshold"] and hyper["threshold_abs"]:
            return (
                f"threshold, {hyper['threshold']:g}, and threshold_abs, {hyper['threshold_abs']:g},"
                " both say what is better; set one of them to 0"
            )
        return ""

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        import torch
        from torch.optim.lr_scheduler import ReduceLROnPlateau

        class Watching(ReduceLROnPlateau):
            """torch's own, whose decisions can be seen; of an ensemble it goes by member 0."""

            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                self.gain = torch.zeros(1, dtype=torch.float64)
                self.best_loss = torch.full_like(self.gain, _NONE_YET)
                self.better = self.lowered = 0.0
                self._other: bool | None = None

            def told(self, loss: Any, decide: Any) -> None:
                """Take the mean loss of an epoch, shape (members,).

                decide: gives a number back on the side of 0 on which it is to be.
                """
                relative = self.threshold if self.threshold_mode == "rel" else 0.0
                less = 0.0 if self.threshold_mode == "rel" else self.threshold
                own = self.best_loss * (1 - relative) - less - loss
                self.gain = decide(own)
                side = bool(self.gain[0] > 0)
                self._other = None if side == bool(own[0] > 0) else side
                self.best, self.lowered = float(self.best_loss[0]), 0.0
                self.step(float(loss[0]))
                if self.better:
                    self.best_loss = loss

            def _is_better(self, a: float, best: float) -> bool:
                own = super()._is_better(a, best) if math.isfinite(a) else False  # type: ignore[no-untyped-call]
                found = own if self._other is None else self._other
                self.better = float(found)
                return bool(found)

            def _reduce_lr(self, epoch: int) -> None:
                self.lowered = 1.0
                super()._reduce_lr(epoch)

        absolute = hyper["threshold_abs"] > 0
        return Watching(
            optimizer,
            factor=hyper["factor"],
            patience=int(hyper["patience"]),
            threshold=hyper["threshold_abs"] if absolute else hyper["threshold"],
            threshold_mode="abs" if absolute else "rel",
            cooldown=int(hyper["cooldown"]),
            min_lr=hyper["min_lr"],
            eps=hyper["rate_eps"],
        )

    def of_many(self, hyper: Mapping[str, Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        import torch

        none = torch.zeros_like(hyper["factor"])
        best, bad, cooling = torch.full_like(none, _NONE_YET), none, none

        def told(loss: Tensor, rates: Tensor) -> Tensor:
            nonlocal best, bad, cooling
            gain = best * (1 - hyper["threshold"]) - hyper["threshold_abs"] - loss
            # What is no number is no better: a comparison with it is false.
            better = gain > 0
            best = torch.where(better, loss, best)
            bad = torch.where(better | (cooling > 0), none, bad + 1)
            cooling = (cooling - 1).clamp(min=0)
            lowered = bad > hyper["patience"]
            bad = torch.where(lowered, none, bad)
            cooling = torch.where(lowered, hyper["cooldown"], cooling)
            less = torch.maximum(rates * hyper["factor"], hyper["min_lr"])
            return torch.where(lowered & (rates - less > hyper["rate_eps"]), less, rates)

        return told

    def greatest(self, scheduler: Any, group: int = 0) -> float:
        return float(scheduler.optimizer.param_groups[group]["lr"])

    def reads(self, scheduler: Any) -> dict[str, float] | None:
        if scheduler.mode != "min":
            raise SpecError(
                f"the scheduler ReduceLROnPlateau has mode='{scheduler.mode}', for a number that "
                "is to grow; here it is told the mean loss of every epoch: use mode='min'"
            )
        if len(set(scheduler.min_lrs)) > 1:
            raise SpecError(
                "the scheduler ReduceLROnPlateau has a least rate for every group of weights, "
                f"min_lr={scheduler.min_lrs}; give all the same"
            )
        absolute = scheduler.threshold_mode == "abs"
        own = float(scheduler.threshold)
        found = (
            float(scheduler.factor),
            float(scheduler.patience),
            0.0 if absolute else own,
            own if absolute else 0.0,
            float(scheduler.cooldown),
            float(scheduler.min_lrs[0]),
            float(scheduler.eps),
        )
        return dict(zip(_OPTIONS, found, strict=True))


_IN_TORCH = {
    "gain": "best * (1 - threshold) - epoch_loss",
    "better": "_is_better(epoch_loss, best)",
    "best_loss": "best",
    "lowered": "num_bad_epochs > scheduler.patience",
    "bad_epochs": "num_bad_epochs",
    "cooldown_left": "cooldown_counter",
}
"""What of torch's scheduler each column is."""

SCHEDULE = Plateau()
