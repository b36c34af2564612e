"""What a lesson has to tell, and what may be asked of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from xlsgd.data import Dataset, default_data
from xlsgd.errors import SpecError
from xlsgd.experiment import Experiment, chart_limit, explosion_threshold
from xlsgd.trace import worst_start_loss

__all__ = ["Lesson", "LessonPlan", "Options"]


@dataclass(frozen=True)
class Options:
    """What a user asks of a lesson; None leaves the choice to the lesson.

    learning_rate, epochs, h, gradient, difference, batch_size: for every experiment.
    start: start values by name, for every experiment that has the name.
    optimizers: names, for the lessons that have a tab per optimizer.
    convention: ``torch`` or ``fastai``.
    """

    learning_rate: float | None = None
    epochs: int | None = None
    h: float | None = None
    gradient: str | None = None
    difference: str | None = None
    batch_size: int | None = None
    start: Mapping[str, float] = field(default_factory=dict)
    optimizers: tuple[str, ...] = ()
    convention: str = "torch"
    data: Dataset = field(default_factory=default_data)

    @property
    def caution(self) -> tuple[str, ...]:
        """Words for a workbook that does not have the values that a lesson speaks of."""
        if self.learning_rate is None and not self.start and not self.optimizers:
            return ()
        return (
            "This workbook was made with learning rates, start values or optimizers of its own. "
            "What is said here of single tabs and rates is about the lesson as it comes: believe "
            "the verdict of each tab.",
        )

    def apply(self, experiments: list[Experiment]) -> list[Experiment]:
        """Return the experiments with what was asked for.

        Raises SpecError for a start value that no experiment has.
        """
        asked: dict[str, Any] = {
            key: getattr(self, key)
            for key in ("learning_rate", "epochs", "h", "gradient", "difference", "batch_size")
            if getattr(self, key) is not None
        }
        known = {name for e in experiments for name in e.start_names}
        for name, value in self.start.items():
            if not math.isfinite(value):
                raise SpecError(f"--init {name}: got {value:g}, need a number")
            if name not in known:
                raise SpecError(
                    f"--init {name}: no experiment of this lesson has a start value of that "
                    f"name; there are: {', '.join(sorted(known))}"
                )
        changed = []
        for e in experiments:
            start = {**e.start, **{k: v for k, v in self.start.items() if k in e.start_names}}
            limits: dict[str, Any] = {
                "chart_limit": chart_limit(self.data, start),
            }
            if self.batch_size is not None and self.batch_size > self.data.rows:
                raise SpecError(
                    f"--batch-size {self.batch_size}: the data has {self.data.rows} rows; "
                    "use at most that many"
                )
            begun = replace(e, start=start, **limits, **asked)
            threshold = explosion_threshold(self.data, worst_start_loss(begun, self.data))
            changed.append(replace(begun, exploded_above=threshold))
        return changed


@dataclass(frozen=True)
class Lesson:
    """A workbook to be: words, data and experiments.

    shows, change, watch: paragraphs of the first tab: what there is to see, what to change, what
    happens then.   target_loss: the mean loss that the runs race to on the tab ``compare``.
    """

    name: str
    title: str
    shows: tuple[str, ...]
    change: tuple[str, ...]
    watch: tuple[str, ...]
    data: Dataset
    experiments: tuple[Experiment, ...]
    target_loss: float


class LessonPlan(ABC):
    """How to make a lesson from options."""

    name: ClassVar[str]
    order: ClassVar[int] = 100
    summary: ClassVar[str]

    @abstractmethod
    def build(self, options: Options) -> Lesson:
        """Return the lesson.  Raises SpecError for options that make no sense."""
