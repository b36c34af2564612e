"""What a lesson has to tell, and what may be asked of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.cells import Position
from xlsgd.base.errors import SpecError
from xlsgd.base.registry import pick
from xlsgd.data import Dataset, default_data, made_data, read_csv
from xlsgd.lessons.asked_groups import with_groups
from xlsgd.tabs.lesson.plan import Answer, Lesson
from xlsgd.tabs.view import View
from xlsgd.training.losses import get_loss
from xlsgd.training.optimizers import Optimizer, get_optimizer
from xlsgd.training.schedules import Schedule, get_schedule
from xlsgd.training.schedules.schedule import EVERY
from xlsgd.training.transforms import transforms

if TYPE_CHECKING:
    from xlsgd.sheets.maps import BookMap

__all__ = ["BY", "START_FROM", "Answer", "Columns", "Lesson", "LessonPlan", "Options", "Values"]

Values = Mapping[str, Mapping[Position, Any]]
"""What was calculated: per sheet, a value for every formula cell."""

START_FROM = ("random", "solved")
"""Where start weights may come from."""

BY = ("step", "epoch")
"""After what a schedule may set the rate anew."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are what, the order of its rows, and which of them validate; see
    ``dataset_of``.

    image: rows and columns of pixels where the inputs are those of an image, row by row."""

    targets: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    shuffle: int | None = None
    validation: str | float | None = None
    image: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        return self != NO_COLUMNS


NO_COLUMNS = Columns()


@dataclass(frozen=True)
class Options:
    """What a user asks of a lesson; None leaves the choice to the lesson.

    learning_rate, epochs, h, gradient, difference, batch_size: for every experiment.
    schedule: what becomes of the learning rate, for every experiment, by its name.
    schedule_by: whether the rate is set anew after every ``step`` or every ``epoch``.
    hyper: hyperparameters by name, of every experiment that has the name; ``weight_decay``,
        ``clip_norm`` and ``clip_value`` are for all.
    maximize: whether steps lead uphill.
    groups: weights with options of their own, such as ``b: lr=0.001, weight_decay=0``.
    frozen: weights that are kept fixed, such as ``a, out.*``.
    loss: what a row costs, for every experiment, by its name.
    reduction: ``mean`` or ``sum``: what becomes of the losses of a batch.
    init: start values by name, for every experiment that has the name.
    optimizers: names, for the lessons that have a tab per optimizer.
    convention: ``torch`` or ``fastai``.
    start: ``random`` or ``solved``, for the lessons that make up their start weights.
    seed: for such random weights; 0 by default.
    columns: of nets of one's own: which columns of a file are what.
    data: what a lesson trains on instead of its own.
    digits: whether to learn from handwritten digits, of a lesson that can.
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
    schedule_by: str = BY[0]
    hyper: Mapping[str, float] = field(default_factory=dict)
    maximize: bool = False
    groups: Sequence[str] = ()
    frozen: Sequence[str] = ()
    loss: str | None = None
    reduction: str | None = None
    init: Mapping[str, float] = field(default_factory=dict)
    optimizers: Sequence[str] = ()
    convention: str = "torch"
    start: str = START_FROM[0]
    seed: int | None = None
    columns: Columns = NO_COLUMNS
    data: Dataset | None = None
    digits: bool = False
    progress: Callable[[str, int, int], None] | None = None

    def __post_init__(self) -> None:
        pick("start", self.start, dict.fromkeys(START_FROM))
        pick("schedule_by", self.schedule_by, dict.fromkeys(BY))
        if self.schedule_by != BY[0] and self.schedule is None:
            raise SpecError(f"schedule_by {self.schedule_by}: there is no schedule; name one")
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
            self.hyper,
            self.maximize,
            self.groups,
            self.frozen,
            self.loss is not None,
            self.reduction is not None,
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

    def refuse_rules(self) -> None:
        """Raise SpecError for an optimizer or a loss, where a lesson compares its own."""
        for option, given in (("--optimizer", ", ".join(self.optimizers)), ("--loss", self.loss)):
            if given:
                raise SpecError(
                    f"{option} {given}: this lesson compares rules of its own, a tab for each; "
                    "leave it out"
                )

    def need_backprop(self) -> None:
        """Raise SpecError where updates by numerical derivatives are asked for."""
        if self.gradient not in (None, "backprop"):
            raise SpecError(
                f"--gradient {self.gradient}: this lesson updates by backprop; the numerical "
                "derivative is shown beside it, for the weight named in derivative_of"
            )

    def one_optimizer(self, usual: str) -> Optimizer:
        """Return the optimizer that was asked for, or the usual one.

        Raises SpecError for several, where a lesson compares something else.
        """
        if len(self.optimizers) > 1:
            raise SpecError(
                f"--optimizer: got {', '.join(self.optimizers)}; this lesson takes one, and "
                "compares something else"
            )
        return get_optimizer((*self.optimizers, usual)[0], self.convention)

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
            asked["loss"] = get_loss(self.loss, len(data.targets))
        if self.reduction is not None and data.is_nothing:
            raise SpecError(
                f"--reduction {self.reduction}: there are no rows of data whose losses make a batch"
            )
        known = {name for view in views for name in view.experiment.start_names}
        for name, value in self.init.items():
            if not math.isfinite(value):
                raise SpecError(f"--init {name}: got {value:g}, need a number")
            if name not in known:
                raise SpecError(
                    f"--init {name}: no experiment of this lesson has a start value of that "
                    f"name; there are: {', '.join(sorted(known))}"
                )
        if "schedule" in asked:
            views = [self._with_schedule(view, asked["schedule"], data) for view in views]
        views = list(map(self._with_hyper, views))
        for name in self.hyper:
            known = {h.key for view in views for h in view.experiment.hyperparameters}
            if name not in known:
                raise SpecError(
                    f"--hyper {name}: no experiment of this lesson has a hyperparameter of that "
                    f"name; there are: {', '.join(sorted(known)) or 'none'}"
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
            if self.reduction is not None:
                asked["loss"] = asked.get("loss", e.loss).reduced(self.reduction)
            asked_of = with_groups(replace(e, start=start, **asked), self.groups, self.frozen)
            changed.append(replace(view, experiment=asked_of))
            changed[-1].experiment.need_targets(data.targets)
        return tuple(changed)

    def _with_schedule(self, view: View, schedule: Schedule, data: Dataset) -> View:
        """Return a view with the schedule, as long as its run where it has an end."""
        e = view.experiment
        epochs = e.epochs if self.epochs is None else self.epochs
        size = e.batch_size if self.batch_size is None else self.batch_size
        per_epoch = -(-data.rows // size)
        every = per_epoch if self.schedule_by == "epoch" else 1
        own = schedule.lasting(epochs * per_epoch // every)
        if EVERY in schedule.hyperparameters:
            own[EVERY.key] = float(every)
        return view.but(schedule=schedule, hyper={**e.hyper, **own})

    def _with_hyper(self, view: View) -> View:
        """Return a view with the hyperparameters that were asked for, and what they belong to."""
        e = view.experiment
        have = {given.key for given in e.hyperparameters}
        # A decay that the optimizer has itself goes there.
        added = [
            each
            for each in transforms().values()
            if any(h.key in self.hyper and h.key not in have for h in each.hyperparameters)
            or (each.name == "maximize" and self.maximize)
        ]
        if not (added or have & self.hyper.keys()):
            return view
        names = {each.name for each in (*e.transforms, *added)}
        chosen = tuple(each for name, each in transforms().items() if name in names)
        have |= {given.key for each in added for given in each.hyperparameters}
        hyper = {**e.hyper, **{k: v for k, v in self.hyper.items() if k in have}}
        return view.but(transforms=chosen, hyper=hyper)


class LessonPlan(ABC):
    """How to make a lesson from options."""

    name: ClassVar[str]
    order: ClassVar[int] = 100
    summary: ClassVar[str]
    reads_tables: ClassVar[bool] = False
    """Whether a file's columns may be called as they like, and a loss be named: a net of one's
    own, and no lesson about something."""
    takes_data: ClassVar[bool] = True
    """Whether other data than its own can be asked for."""
    seeds_weights: ClassVar[bool] = False
    """Whether a seed is for its start weights, and not for made-up data."""
    has_digits: ClassVar[bool] = False
    """Whether it can learn from the handwritten digits of scikit-learn."""
    says_of: ClassVar[Mapping[str, str]] = {}
    """What an option is about in this lesson, for its help: source, points, seed, start."""

    @abstractmethod
    def build(self, options: Options) -> Lesson:
        """Return the lesson.  Raises SpecError for options that make no sense."""

    @property
    def file_name(self) -> str:
        """What its workbook is called where nobody says otherwise, without .xlsx."""
        return self.name

    def look(self, maps: BookMap, values: Values) -> None:
        """Look at what was calculated for the lesson that was built, before it is written.

        maps: where everything stands.   values: per sheet, of every formula cell.
        Raises SpecError where it is not what it should be.
        """
        return

    def seen(self) -> str:
        """Return what ``look`` has found to be right, as a line; "" where nothing was looked at."""
        return ""

    def read_data(self, source: str, columns: Columns = NO_COLUMNS) -> Dataset:
        """Return the data of a file.  Raises DataError if it cannot be used."""
        return read_csv(source)

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        """Return made-up data.  Raises SpecError for arguments that make no sense."""
        return made_data(29 if points is None else points, noise or 0.0, seed or 0)
