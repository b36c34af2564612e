"""What a learning-rate schedule has to tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers import Optimizer as Rule

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["COUNT", "EVERY", "MOMENTUM", "RATE", "ROW_LOSSES", "Schedule"]

RATE = "rate"
"""The quantity that holds the learning rate of a step."""

COUNT = "count"
"""The quantity that holds how often torch's scheduler has been stepped: its last_epoch."""

MOMENTUM = "momentum"
"""The quantity that holds the beta or beta1 of a step, where that moves with the rate."""

ROW_LOSSES = "{row_losses}"
"""In columns of a schedule that follows losses: the sum of the losses that a row of the table has
seen."""

EVERY = Input(
    "rate_every",
    1.0,
    "steps between two changes of the rate; as many as an epoch has, for one an epoch",
    minimum=1,
    whole=True,
)

_INPUT = "{learning_rate}"


class Schedule(ABC):
    """A rule for the rate of every step.

    The rate follows from the number of the step, the learning rate typed in, and hyperparameters;
    or from those, what the row above says, and the losses so far, see ``follows_losses``. So every
    step of a sheet can be checked by itself.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    """Where it stands in lists: simpler ones first."""
    summary: ClassVar[str]
    """The rate on paper."""
    torch_line: ClassVar[str]
    """The line of PyTorch that gives the same."""
    hyperparameters: ClassVar[tuple[Input, ...]] = ()

    momentum_keys: ClassVar[tuple[str, ...]] = ()
    """The hyperparameters that only an optimizer with momentum has a use for."""

    torch_class: ClassVar[str] = ""
    """The class in torch.optim.lr_scheduler that it is."""
    torch_names: ClassVar[Mapping[str, str]] = {}
    """torch's names of hyperparameters that are called otherwise there."""
    shown: ClassVar[Mapping[str, str]] = {}
    """What its other columns hold: quantity to the attribute of torch's scheduler."""

    follows_losses: ClassVar[bool] = False
    """Whether the rate follows from losses. Then torch's scheduler is not stepped by itself: after
    every epoch ``told(loss, decide)`` is called, with the mean loss of its rows as they came by, of
    every member of an ensemble. ``shown`` is all that it remembers, and changes with an epoch; the
    column ``loss_sum`` adds up ROW_LOSSES."""
    decides_by: ClassVar[str] = ""
    """The quantity among those whose sign decides on the rate: where that is 0 but for rounding,
    either may follow."""
    length_key: ClassVar[str] = ""
    """The hyperparameter that says how many counts it lasts, where one does."""
    multiplies: ClassVar[bool] = False
    """Whether its rate is ``{learning_rate}``, named once, times a number, and torch multiplies
    whatever rate there is at every step: so that it may be multiplied with others."""
    begins: ClassVar[str | None] = None
    """Sheet side: the template of the first step's rate, where it looks back at the last one."""

    @abstractmethod
    def rate(self) -> str:
        """Sheet side: return the expression of a step's rate, made of ``{learning_rate}``,
        ``{step}``, counted from 1, and hyperparameters. ``{count}`` is the number of times that
        torch's scheduler has been stepped: with EVERY among the hyperparameters, not after every
        step."""

    def momentum(self) -> str:
        """Sheet side: return the expression of the momentum of a step, where it moves as well."""
        return ""

    def more_columns(self) -> list[Column]:
        """Sheet side: return columns that the rate is made of."""
        return []

    def fault(self, hyper: Mapping[str, float]) -> str:
        """Return what is wrong with hyperparameters that are right one by one; else nothing."""
        return ""

    def lasting(self, counts: int) -> dict[str, float]:
        """Return hyperparameters with which it lasts so many counts, where it has an end."""
        keys = {given.key for given in self.hyperparameters}
        return {"total_steps": float(max(2, counts))} if "total_steps" in keys else {}

    def greatest(self, scheduler: Any, group: int = 0) -> float:
        """Torch side: return the learning rate of a live scheduler of torch's class: the one that
        its rates are made of.   group: of weights, from 0."""
        return float(scheduler.base_lrs[group])

    def reads(self, scheduler: Any) -> dict[str, float] | None:
        """Torch side: return hyperparameters of a live scheduler of torch's class, without EVERY;
        None if it does something else."""
        keys = (given.key for given in self.hyperparameters if given is not EVERY)
        return {key: float(getattr(scheduler, self.torch_names.get(key, key))) for key in keys}

    @abstractmethod
    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        """Torch side: return ``torch.optim.lr_scheduler``'s class for it; it is stepped after every
        step of the optimizer."""

    def of_many(self, hyper: Mapping[str, Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        """Torch side, where ``follows_losses``: return the same for many runs at once.

        hyper: of every run, shape (runs,) each.
        What is returned is called after every epoch with its mean losses, shape (runs,), and the
        rates of weights so far, shape (weights, runs), and gives those of the next epoch.
        """
        raise NotImplementedError

    # What follows from that

    @property
    def steady(self) -> bool:
        """Whether every step has the rate that is typed in."""
        return self.rate() == _INPUT

    @property
    def cell(self) -> str:
        """The template of the cell with a step's rate."""
        return _INPUT if self.steady else f"{{{RATE}}}"

    def columns(self, optimizer: Rule, row_losses: str = "{loss}") -> list[Column]:
        """Sheet side: return the column with the rate of a step, and those that it is made of; none
        if all steps have the same.

        row_losses: the expression of the losses that a row of the table has seen, added up.
        """
        if self.steady:
            return []
        momentum = self.momentum() if self.moved(optimizer) else ""
        said = "".join(c.formula for c in self.more_columns()) + self.rate() + momentum
        found = []
        if f"{{{COUNT}}}" in said:
            found.append(
                Column(
                    COUNT,
                    f"=INT(({{step}}-1)/{{{EVERY.key}}})",
                    paper="(step − 1)/rate_every, rounded down",
                    note="how often the rate has been set anew",
                    torch="scheduler.last_epoch",
                    group="update",
                )
            )
        found += [_with_losses(column, row_losses) for column in self.more_columns()]
        if momentum:
            found.append(
                Column(
                    MOMENTUM,
                    f"={momentum}",
                    paper="the other way round than the rate",
                    note=f"share of the past that is kept in this step, by {self.name}",
                    torch="optimizer.param_groups[0]['momentum']  # or betas[0]",
                    group="update",
                    symbol="β of the step",
                )
            )
        return [
            *found,
            Column(
                RATE,
                f"={self.rate()}",
                paper=self.summary,
                note=f"learning rate of this step, by the schedule {self.name}",
                torch=f"{self.torch_line}.get_last_lr()[0]",
                group="update",
                first=self.begins,
            ),
        ]

    def moved(self, optimizer: Rule) -> str:
        """Return the hyperparameter of an optimizer that moves with the rate; empty for none."""
        return optimizer.momentum_key if self.momentum() else ""

    def applied(self, column: Column, optimizer: Rule) -> Column:
        """Return an optimizer's column with the rate of its step, and its momentum."""
        formula, key = column.formula.replace(_INPUT, self.cell), self.moved(optimizer)
        if key:
            formula = formula.replace(f"{{{key}}}", f"{{{MOMENTUM}}}")
        return replace(column, formula=formula)


def _with_losses(column: Column, row_losses: str) -> Column:
    first = None if column.first is None else column.first.replace(ROW_LOSSES, row_losses)
    return replace(column, formula=column.formula.replace(ROW_LOSSES, row_losses), first=first)
