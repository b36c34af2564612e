"""What a lesson has to tell, and what may be asked of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from xlsgd.base.errors import SpecError
from xlsgd.base.registry import pick
from xlsgd.data import Dataset, default_data, made_data, read_csv
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.view import View
from xlsgd.training.losses import get_loss
from xlsgd.training.schedules import get_schedule

__all__ = ["START_FROM", "Lesson", "LessonPlan", "Options"]

START_FROM = ("random", "solved")
"""Where start weights may come from."""


@dataclass(frozen=True)
class Options:
    """What a user asks of a lesson; None leaves the choice to the lesson.

    learning_rate, epochs, h, gradient, difference, batch_size: for every experiment.
    schedule: what becomes of the learning rate, for every experiment, by its name.
    loss: what a row costs, for every experiment, by its name.
    init: start values by name, for every experiment that has the name.
    optimizers: names, for the lessons that have a tab per optimizer.
    convention: ``torch`` or ``fastai``.
    start: ``random`` or ``solved``, for the lessons that make up their start weights.
    seed: for such random weights; 0 by default.
    data: what a lesson trains on instead of its own.
    progress: called now and then where making the lesson takes long.
    Raises SpecError for words and numbers that no lesson can make sense of.
    """

    learning_rate: float | None = None
    epochs: int | None = None
    h: float | None = None
    gradient: str | None = None
    difference: str | None = None
    batch_size: int | None = None
    schedule: str | None = None
    loss: str | None = None
    init: Mapping[str, float] = field(default_factory=dict)
    optimizers: Sequence[str] = ()
    convention: str = "torch"
    start: str = START_FROM[0]
    seed: int | None = None
    data: Dataset | None = None
    progress: Callable[[str, int, int], None] | None = None

    def __post_init__(self) -> None:
        pick("start", self.start, dict.fromkeys(START_FROM))
        if self.seed is not None and self.seed < 0:
            raise SpecError(f"seed: got {self.seed}, need a whole number, 0 or greater")

    @property
    def caution(self) -> tuple[str, ...]:
        """Words for a workbook that does not have the values that a lesson speaks of."""
        asked = (
            self.init,
            self.optimizers,
            self.start != START_FROM[0],
            self.batch_size is not None,
            self.schedule is not None,
            self.loss is not None,
            self.convention != "torch",
            self.seed,
        )
        if self.learning_rate is None and not any(asked):
            return ()
        return (
            "This workbook was made with learning rates, start values, batches, losses or "
            "optimizers of its own. "
            "What is said here of single tabs and rates is about the lesson as it comes: believe "
            "the verdict of each tab.",
        )

    def line_data(self) -> Dataset:
        """Return the data for a lesson about a line: one input, x.

        Raises SpecError for other data, and for what such a lesson does not take.
        """
        if self.start != START_FROM[0]:
            raise SpecError(
                f"--start {self.start}: this lesson has start weights of its own; "
                "use --init to choose others"
            )
        data = default_data() if self.data is None else self.data
        if list(data.inputs) != ["x"]:
            raise SpecError(
                f"the data has the inputs {', '.join(data.inputs)}; this lesson takes one, x"
            )
        return data

    def apply(self, views: Sequence[View], data: Dataset) -> tuple[View, ...]:
        """Return the experiments with what was asked for, shown as they were.

        data: what they train on.
        Raises SpecError for a start value that no experiment has, for targets that are too few, and
        for labels that are none.
        """
        asked: dict[str, Any] = {
            key: getattr(self, key)
            for key in ("learning_rate", "epochs", "h", "gradient", "difference", "batch_size")
            if getattr(self, key) is not None
        }
        if self.schedule is not None:
            asked["schedule"] = get_schedule(self.schedule)
        if self.loss is not None:
            asked["loss"] = get_loss(self.loss)
        known = {name for view in views for name in view.experiment.start_names}
        for name, value in self.init.items():
            if not math.isfinite(value):
                raise SpecError(f"--init {name}: got {value:g}, need a number")
            if name not in known:
                raise SpecError(
                    f"--init {name}: no experiment of this lesson has a start value of that "
                    f"name; there are: {', '.join(sorted(known))}"
                )
        changed = []
        for view in views:
            e = view.experiment
            start = {**e.start, **{k: v for k, v in self.init.items() if k in e.start_names}}
            if self.batch_size is not None and self.batch_size > data.rows:
                raise SpecError(
                    f"--batch-size {self.batch_size}: the data has {data.rows} rows; "
                    "use at most that many"
                )
            changed.append(view.but(start=start, **asked))
            changed[-1].experiment.need_targets(data.targets)
        return tuple(changed)


class LessonPlan(ABC):
    """How to make a lesson from options."""

    name: ClassVar[str]
    order: ClassVar[int] = 100
    summary: ClassVar[str]
    takes_data: ClassVar[bool] = True
    """Whether other data than its own can be asked for."""
    seeds_weights: ClassVar[bool] = False
    """Whether a seed is for its start weights, and not for made-up data."""
    says_of: ClassVar[Mapping[str, str]] = {}
    """What an option is about in this lesson, for its help: source, points, seed, start."""

    @abstractmethod
    def build(self, options: Options) -> Lesson:
        """Return the lesson.  Raises SpecError for options that make no sense."""

    def read_data(self, source: str) -> Dataset:
        """Return the data of a file.  Raises DataError if it cannot be used."""
        return read_csv(source)

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        """Return made-up data.  Raises SpecError for arguments that make no sense."""
        return made_data(29 if points is None else points, noise or 0.0, seed or 0)
