"""What a learning-rate schedule has to tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Column, Input

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["RATE", "Schedule"]

RATE = "rate"
"""The quantity that holds the learning rate of a step."""

_INPUT = "{learning_rate}"


class Schedule(ABC):
    """A rule for the rate of every step.

    The rate follows from the number of the step, the learning rate typed in, and hyperparameters
    alone: so that every step of a sheet can be checked by itself.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    """Where it stands in lists: simpler ones first."""
    summary: ClassVar[str]
    """The rate on paper."""
    torch_line: ClassVar[str]
    """The line of PyTorch that gives the same."""
    hyperparameters: ClassVar[tuple[Input, ...]] = ()

    @abstractmethod
    def rate(self) -> str:
        """Sheet side: return the expression of a step's rate, made of ``{learning_rate}``,
        ``{step}``, counted from 1, and hyperparameters."""

    @abstractmethod
    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        """Torch side: return ``torch.optim.lr_scheduler``'s class for it; it is stepped after every
        step of the optimizer."""

    # What follows from that

    @property
    def steady(self) -> bool:
        """Whether every step has the rate that is typed in."""
        return self.rate() == _INPUT

    @property
    def cell(self) -> str:
        """The template of the cell with a step's rate."""
        return _INPUT if self.steady else f"{{{RATE}}}"

    def columns(self) -> list[Column]:
        """Sheet side: return the column with the rate of a step; none if all have the same."""
        if self.steady:
            return []
        return [
            Column(
                RATE,
                f"={self.rate()}",
                paper=self.summary,
                note=f"learning rate of this step, by the schedule {self.name}",
                torch=f"{self.torch_line}.get_last_lr()[0]",
                group="update",
            )
        ]

    def applied(self, column: Column) -> Column:
        """Return an optimizer's column with the rate of its step."""
        from dataclasses import replace

        return replace(column, formula=column.formula.replace(_INPUT, self.cell))
