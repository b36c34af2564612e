"""An experiment: one network trained in one way from one start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.base.registry import pick
from xlsgd.training.gradients import CHOICES, GradientRule, differences, gradient_rules
from xlsgd.training.hyperparameters import group_options, hyperparameters
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network
from xlsgd.training.optimizers import Optimizer
from xlsgd.training.param_groups import LEARNING_RATE, ParamGroup, need_fit, own_names
from xlsgd.training.schedules import RATE, Schedule
from xlsgd.training.schedules.constant import SCHEDULE as CONSTANT
from xlsgd.training.transforms import Transform

__all__ = ["Experiment"]


@dataclass(frozen=True)
class Experiment:
    """Everything that both sides need to know to train.

    id: short name, unique in a workbook: what tabs and reports call it.
    start: start values by name; parameters such as ``a``, optimizer state such as ``velocity.a``.
        What is not named starts at 0 (state: where the optimizer says).
    gradient: which derivative drives the update, ``numerical`` or ``backprop``.
    difference: which numerical derivative is shown, ``forward`` or ``central``.
    h: how far a numerical derivative moves a parameter, > 0.
    batch_size: rows per update; the gradient is the mean over them, or their sum, as the loss has
        it.
    schedule: what becomes of the learning rate from step to step.
    transforms: what is done to slopes before the optimizer sees them, in their order.
    param_groups: weights with options of their own, whose values ``hyper`` has, as
        ``learning_rate.head``.   frozen: tensors of weights that are kept fixed.
    Raises SpecError for values that make no sense.
    """

    id: str
    network: Network
    loss: Loss
    optimizer: Optimizer
    learning_rate: float
    start: Mapping[str, float] = field(default_factory=dict)
    hyper: Mapping[str, float] = field(default_factory=dict)
    gradient: str = "numerical"
    difference: str = "forward"
    h: float = 0.01
    batch_size: int = 1
    epochs: int = 10
    # The very one of the registry: experiments are compared.
    schedule: Schedule = CONSTANT
    transforms: tuple[Transform, ...] = ()
    param_groups: tuple[ParamGroup, ...] = ()
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Some losses have a hyperparameter for every class.
        own = self.loss.for_predictions(len(self.network.predictions))
        object.__setattr__(self, "loss", own)
        pick("gradient", self.gradient, dict.fromkeys(CHOICES))
        pick("difference", self.difference, dict(differences()))
        self._need(self.learning_rate >= 0, "learning_rate", self.learning_rate, "0 or greater")
        self._need(self.h > 0, "h", self.h, "greater than 0")
        self._need(self.batch_size >= 1, "batch_size", self.batch_size, "1 or greater")
        self._need(self.epochs >= 1, "epochs", self.epochs, "1 or greater")
        if self.param_groups or self.frozen:
            options = group_options(self.optimizer, self.transforms, self.schedule)
            names = [given.key for given in options]
            need_fit(self.param_groups, self.frozen, self.network, names, self.id)
            for key in (group.own(k) for group in self.param_groups for k in group.keys):
                if key not in self.hyper:
                    raise SpecError(f"{key} in '{self.id}': there is no number for it")
        for name, value in self.start.items():
            if name not in self.start_names:
                raise SpecError(
                    f"start value '{name}': {self.id} has no such name; "
                    f"there are: {', '.join(self.start_names)}"
                )
            self._need(True, name, value, "")
        count = len(self.network.predictions)
        if count > 1 and not (self.loss.several or self.loss.by_target):
            raise SpecError(
                f"'{self.id}': the network {self.network} makes {count} predictions, but the loss "
                f"{self.loss.name} takes one; end in one, or choose a loss for several"
            )
        if count < self.loss.fewest:
            raise SpecError(
                f"'{self.id}': the loss {self.loss.name} takes {self.loss.fewest} predictions or "
                f"more, one for every class, but the network {self.network} makes {count}; end in "
                "as many as there are classes, or choose a loss for one"
            )
        if self.schedule.follows_losses and (self.loss.is_summed or self.loss.weighs):
            raise SpecError(
                f"'{self.id}': the schedule {self.schedule.name} looks at the mean over the rows "
                "of an epoch, which the loss "
                f"{self.loss.name} has not where it is a sum or its rows have weights; take the "
                "mean, or another schedule"
            )
        keys = [given.key for given in self.hyperparameters]
        for key in keys:
            if keys.count(key) > 1:
                raise SpecError(
                    f"{key} in '{self.id}': {self._with(key)} both have a hyperparameter of that "
                    "name; rename one"
                )
        if self.optimizer.own_rates and not self.schedule.steady:
            raise SpecError(
                f"the schedule {self.schedule.name} in '{self.id}': {self.optimizer.own_rates}; "
                "leave the schedule out, or take another optimizer"
            )
        if self.optimizer.of_function and not self.network.is_function:
            raise SpecError(
                f"'{self.id}': {self.optimizer.name} looks at a function itself, and not at its "
                f"slope alone; the network {self.network} is none: take a function of weights "
                "without data, such as (x^2-9)^2, or another optimizer"
            )
        if self.optimizer.of_function and (self.param_groups or self.frozen):
            raise SpecError(
                f"'{self.id}': {self.optimizer.name} looks at all weights of a function at once; "
                "leave groups and fixed weights out, or take another optimizer"
            )
        if self.transforms and "first." in self.optimizer.start_state:
            raise SpecError(
                f"{self.transforms[0].name} in '{self.id}': {self.optimizer.name} begins with the "
                "first slope as it is; take another optimizer"
            )
        self._check_hyperparameters()
        self._check_names()

    def _check_names(self) -> None:
        """Raise SpecError for an input that is called as a column of the steps is."""
        columns = [*self.schedule.columns(self.optimizer), *self.optimizer.step_columns()]
        for each in self.transforms:
            columns += each.columns(
                self.network.parameters, dict.fromkeys(self.network.parameters, "")
            )
        both = sorted({column.quantity for column in columns} & {*self.network.input_names})
        if both:
            raise SpecError(
                f"'{self.id}': the data has a column {both[0]}, and so have the steps by "
                f"{self.optimizer.name} and the schedule {self.schedule.name}; rename that of the "
                "data"
            )

    def _check_hyperparameters(self) -> None:
        """Raise SpecError for hyperparameters that make no sense, alone or together."""
        for given in self.hyperparameters:
            value = self.hyperparameter(given.key)
            least = -math.inf if given.minimum is None else given.minimum
            most = math.inf if given.below is None else given.below
            fits = least <= value < most and (value > 0 or not given.positive)
            what = "" if given.minimum is None else f"from {least:g}"
            what += f", below {most:g}" if given.below else ""
            what += ", greater than 0" if given.positive else ""
            what += ", without a fraction" if given.whole else ""
            fits = fits and (not given.whole or value % 1 == 0)
            self._need(fits, given.key, value, what)
        for part, what in ((self.schedule, "schedule"), (self.optimizer, "optimizer")):
            keys = [given.key for given in part.hyperparameters]
            for group in (None, *self.param_groups):
                own = self.of_group(group) if group else self
                fault = part.fault({key: own.hyperparameter(key) for key in keys})
                if fault:
                    of = f", the group {group.name}" if group else ""
                    raise SpecError(f"the {what} {part.name} in '{self.id}'{of}: {fault}")

    def _with(self, key: str) -> str:
        """Return the names of all that has a hyperparameter."""
        parts = (
            (self.optimizer.name, self.optimizer.hyperparameters),
            *((each.name, each.hyperparameters) for each in self.transforms),
            (f"the schedule {self.schedule.name}", self.schedule.hyperparameters),
            (f"the loss {self.loss.name}", self.loss.hyperparameters),
        )
        return " and ".join(name for name, given in parts if key in {h.key for h in given})

    def _need(self, fits: bool, name: str, value: float, what: str) -> None:
        if not (fits and math.isfinite(value)):
            message = f"{name} in '{self.id}': got {value:g}, need a number {what}".strip()
            raise SpecError(message, field=name)

    @property
    def state_names(self) -> tuple[str, ...]:
        """What the optimizer remembers: ``velocity.a``, ``velocity.b``."""
        return tuple(f"{s}.{p}" for s in self.optimizer.state for p in self.trained)

    @property
    def start_names(self) -> tuple[str, ...]:
        """Everything that has a start value."""
        return (*self.network.parameters, *self.state_names)

    @property
    def rules(self) -> tuple[GradientRule, ...]:
        """The two derivatives shown side by side, in the order of CHOICES."""
        return (differences()[self.difference], gradient_rules()["backprop"])

    @property
    def targets(self) -> tuple[str, ...]:
        """The quantities that predictions are compared with."""
        return self.loss.targets(len(self.network.predictions))

    @property
    def added_up(self) -> int:
        """How many losses the loss of a row adds up: those of its targets, where the loss is no
        mean over them. Means over rows are divided by it: they are means over targets as well."""
        return self.loss.losses_of_row(len(self.targets)) if self.loss.is_summed else 1

    def steps_per_epoch(self, rows: int) -> int:
        """Return how many updates an epoch has.  rows: of data."""
        return -(-rows // self.batch_size)

    def need_targets(self, targets: Sequence[Sequence[float]], rows: str = "data") -> None:
        """Raise SpecError for targets that are too few, or that are no labels where the loss asks
        for labels.   rows: whose they are, in words."""
        if len(targets) < len(self.targets):
            raise SpecError(
                f"'{self.id}': the network {self.network} makes {len(self.targets)} predictions, "
                f"and the loss {self.loss.name} needs a target for each; the data has "
                f"{len(targets)}: end in one, or add targets"
            )
        for name, column in zip(self.targets, targets, strict=False):
            for row, value in enumerate(column if self.loss.exact_labels else (), 1):
                fault = self.loss.label_fault(value, len(self.network.predictions))
                if fault:
                    raise SpecError(
                        f"{rows}, row {row}, {name}: got {value:g}; the loss {self.loss.name} of "
                        f"'{self.id}' needs {fault}"
                    )

    @property
    def hyperparameters(self) -> tuple[Input, ...]:
        """Those of the optimizer, then those of transforms, of the schedule, of the loss and of
        groups of weights."""
        return hyperparameters(
            self.optimizer, self.transforms, self.schedule, self.loss, self.param_groups
        )

    # Groups of weights

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """The weights that the optimizer moves: all but those that are kept fixed."""
        if not self.frozen:
            return self.network.parameters
        fixed = {name for tensor in self.frozen for name in self.network.tensors[tensor]}
        return tuple(p for p in self.network.parameters if p not in fixed)

    @cached_property
    def _groups(self) -> Mapping[str, ParamGroup]:
        return {
            name: group
            for group in self.param_groups
            for tensor in group.tensors
            for name in self.network.tensors[tensor]
        }

    def group(self, weight: str) -> ParamGroup | None:
        """Return the group of a weight, None where it goes by what is typed in for all."""
        return self._groups.get(weight) if self.param_groups else None

    @cached_property
    def _own_names(self) -> Mapping[str, Mapping[str, str]]:
        return {group.name: own_names(group, self._columns_of_steps) for group in self.param_groups}

    def own_names(self, group: ParamGroup | None) -> Mapping[str, str]:
        """Return what options and quantities of a step are called that are a group's own."""
        return self._own_names[group.name] if group else {}

    @property
    def _columns_of_steps(self) -> list[Column]:
        schedule, optimizer = self.schedule, self.optimizer
        applied = (schedule.applied(c, optimizer) for c in optimizer.step_columns())
        return [*schedule.columns(optimizer), *applied]

    def of_group(self, group: ParamGroup | None) -> Experiment:
        """Return the experiment that trains all weights with the options of a group.

        None for what is typed in for all.
        """
        if not (self.param_groups or self.frozen):
            return self
        of_groups = {each.own(key) for each in self.param_groups for key in each.keys}
        hyper = {key: value for key, value in self.hyper.items() if key not in of_groups}
        rate = self.learning_rate
        for key in group.keys if group else ():
            value = self.hyperparameter(group.own(key)) if group else 0.0
            if key == LEARNING_RATE:
                rate = value
            else:
                hyper[key] = value
        return replace(self, learning_rate=rate, hyper=hyper, param_groups=(), frozen=())

    def at_rate(self, learning_rate: float) -> Experiment:
        """Return the experiment at another rate: the rates of groups keep their share of it."""
        own = {
            group.own(LEARNING_RATE): self._share(group) * learning_rate
            for group in self.param_groups
            if LEARNING_RATE in group.keys
        }
        return replace(self, learning_rate=learning_rate, hyper={**self.hyper, **own})

    def share_of(self, weight: str) -> float:
        """Return how many times the learning rate for all the rate of a weight is."""
        return self._share(self.group(weight))

    def _share(self, group: ParamGroup | None) -> float:
        if group is None or LEARNING_RATE not in group.keys or self.learning_rate == 0:
            return 1.0
        return self.hyperparameter(group.own(LEARNING_RATE)) / self.learning_rate

    def with_one_rate(self, learning_rate: float) -> Experiment:
        """Return the experiment in which all weights have the same rate, groups too."""
        own = {group.own(LEARNING_RATE) for group in self.param_groups}
        hyper = {k: learning_rate if k in own else value for k, value in self.hyper.items()}
        return replace(self, learning_rate=learning_rate, hyper=hyper)

    def rate_of(self, weight: str) -> float:
        """Return the learning rate of a weight, as it is typed in."""
        group = self.group(weight)
        own = group is not None and LEARNING_RATE in group.keys
        return self.hyperparameter(group.own(LEARNING_RATE)) if group and own else (
            self.learning_rate
        )  # fmt: skip

    @property
    def rate_names(self) -> dict[str, str]:
        """What the rates of groups are called that have one of their own: the group's name to that
        of the quantity, as ``rate.head``."""
        with_rates = (group for group in self.param_groups if LEARNING_RATE in group.keys)
        return {group.name: group.own(RATE) for group in with_rates}

    @property
    def group_rates(self) -> dict[str, float]:
        """The rates of groups that have one of their own, by the names of their inputs."""
        own = [g.own(LEARNING_RATE) for g in self.param_groups if LEARNING_RATE in g.keys]
        return {key: self.hyperparameter(key) for key in own}

    @cached_property
    def told_of(self) -> Mapping[str, tuple[str, ...]]:
        """The weights that learn by what is said of them together, as ``Network.groups``."""
        trained = {*self.trained}
        return {
            name: those for name, those in self.network.groups.items() if trained.issuperset(those)
        }

    @property
    def unfit_loss(self) -> str:
        """What is to be said of a loss that takes something else than the network gives, "" if
        nothing: the numbers are right, and teach it little."""
        takes, made = self.loss.takes, {*self.network.predictions}
        ends = [p.layer for p in self.network.places if not made.isdisjoint(p.outputs)]
        fits = (takes, "") if takes == "logits" else (takes,)
        last = next((end for end in ends if takes and end.gives not in fits), None)
        if last is None:
            return ""
        return (
            f"'{self.id}': the loss {self.loss.name} takes {takes}, and the network {self.network} "
            f"ends in {last.name}, which gives {last.gives or 'any numbers'}: {self.loss.otherwise}"
        )

    @property
    def loss_options(self) -> dict[str, float]:
        """The hyperparameters of the loss alone, by their names."""
        return {given.key: self.hyperparameter(given.key) for given in self.loss.hyperparameters}

    def hyperparameter(self, key: str) -> float:
        """Return the value of a hyperparameter, its default where none is given."""
        known = (*self.optimizer.hyperparameters, *self.schedule.hyperparameters)
        known += self.hyperparameters
        defaults = {given.key: given.value for given in known}
        return float(self.hyper.get(key, defaults[key]))
