"""The quantities that a sweep varies: names, ranges, and what becomes of an experiment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.data.csvnumbers import DECIMAL_POINT, is_number
from xlsgd.training.experiment import Experiment

__all__ = [
    "INIT",
    "MAX_RUNS",
    "RATE",
    "Axis",
    "axis_names",
    "changed",
    "check_axes",
    "parse_axis",
    "rates_of",
]

Floats = NDArray[np.float64]

MAX_RUNS = 10_000_000
"""Runs of a sweep: more take hours, and gigabytes for their results."""

RATE, INIT = "learning_rate", "init."
_SHORT = "lr"
_SPREAD = 100.0
"""Without a range a learning rate goes from a hundredth of the experiment's to a hundredfold."""
_STEPS = {1: 400, 2: 160}
"""Values of an axis where nothing else is said, by the number of axes."""
_APART_STEPS = 40
"""The same for what costs a round of its own for each value."""
_FEW = 12
"""Start values that a message still names one by one."""
_SHAPES = ("batch_size", "epochs")
"""What decides how many steps there are."""
_FORM = "NAME=LOW:HIGH[:STEPS][:log|lin], such as learning_rate=1e-5:1e-2:200"


@dataclass(frozen=True)
class Axis:
    """One quantity on its way from low to high.

    name: ``learning_rate``, ``learning_rate.2`` for the second layer with weights,
        ``learning_rate.head`` for a group of weights with a rate of its own, a start value such as
        ``init.a``, a hyperparameter such as ``beta``, or ``h``.
    log: whether each value is the same multiple of the one before, else the same distance off.
    Raises SpecError for a range that makes no sense.
    """

    name: str
    low: float
    high: float
    steps: int
    log: bool

    def __post_init__(self) -> None:
        span = f"{self.name}={self.low:g}:{self.high:g}"
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise SpecError(f"{span}: got a range without end, need two finite numbers")
        if not self.low < self.high:
            raise SpecError(f"{span}: got a range that does not rise, need LOW below HIGH")
        if self.log and self.low <= 0:
            raise SpecError(
                f"{span}: a log axis has no {self.low:g}; begin above 0, or write :lin at the end"
            )
        if self.name.startswith(RATE) and self.low < 0:
            raise SpecError(f"{span}: got a negative learning rate, need 0 or greater")
        if not 2 <= self.steps <= MAX_RUNS:
            raise SpecError(f"{span}: got {self.steps} steps, need 2 to {MAX_RUNS:,}")
        if len(np.unique(self.values)) < self.steps:
            raise SpecError(
                f"{span}: float64 has no {self.steps} different numbers there; use fewer steps or "
                "a wider range"
            )

    @cached_property
    def values(self) -> Floats:
        """The values, without the last digit that differs from machine to machine."""
        if self.log:
            numbers = np.geomspace(self.low, self.high, self.steps)
            return np.array([float(f"{v:.15g}") for v in numbers])
        numbers = np.linspace(self.low, self.high, self.steps)
        digits = 15 - math.ceil(math.log10(max(abs(self.low), abs(self.high))))
        return np.array([round(float(v), digits) for v in numbers])

    @property
    def apart(self) -> bool:
        """Whether runs with different values cannot all be numbers of the same tensor."""
        return not self.name.startswith((RATE, INIT))


def axis_names(experiment: Experiment) -> tuple[str, ...]:
    """Return the names of what can be varied in an experiment."""
    layers = _layers(experiment)
    # Where groups of weights have rates of their own, layers have none.
    apart = len(layers) > 1 and not experiment.rate_names
    each = tuple(f"{RATE}.{i}" for i in range(1, len(layers) + 1)) if apart else ()
    starts = tuple(f"{INIT}{name}" for name in experiment.start_names)
    keys = tuple(given.key for given in experiment.hyperparameters)
    return (RATE, *each, *starts, *keys, "h")


def _told(names: Sequence[str]) -> list[str]:
    """Return names for a message: of many start values the first and the last."""
    starts = [name for name in names if name.startswith(INIT)]
    if len(starts) <= _FEW:
        return list(names)
    left_out = starts[1:-1]
    told = [name for name in names if name not in left_out]
    told.insert(told.index(starts[-1]), f"… ({len(starts):,} start values in all)")
    return told


def parse_axis(text: str, experiment: Experiment, axes: int = 1) -> Axis:
    """Return the axis that a text such as ``learning_rate=1e-5:1e-2:200`` stands for.

    axes: how many there are; a lone one has more values where their number is not given.
    Raises SpecError for anything else, and for names that the experiment does not have.
    """
    name, equals, rest = text.partition("=")
    name = name.strip()
    if name == _SHORT or name.startswith(f"{_SHORT}."):
        name = RATE + name[len(_SHORT) :]
    names = axis_names(experiment)
    if name not in names:
        if name in _SHAPES:
            raise SpecError(
                f"'{name}': runs of one map have the same steps; sweep once for each, with "
                f"--{name.replace('_', '-')}"
            )
        raise SpecError(
            f"'{name}': nothing of '{experiment.id}' that can be varied has that name; "
            f"there are: {', '.join(_told(names))}"
        )
    words = [word.strip() for word in rest.split(":")] if equals else []
    scale = words.pop() if words and words[-1] in ("log", "lin") else ""
    try:
        numbers = [float(word) for word in words[:2]]
        steps = [int(word) for word in words[2:]]
    except ValueError:
        need = DECIMAL_POINT if any(map(is_number, words)) and "," in text else f"need {_FORM}"
        raise SpecError(f"'{text}': {need}") from None
    if len(numbers) == 1 or len(steps) > 1 or (equals and not numbers):
        raise SpecError(f"'{text}': need {_FORM}")
    if not numbers:
        own = name in {given.key for given in experiment.hyperparameters}
        rate = experiment.hyperparameter(name) if own else experiment.learning_rate
        if not name.startswith(RATE) or rate == 0:
            raise SpecError(f"'{text}': no range is obvious here; need {_FORM}")
        numbers = [float(f"{rate / _SPREAD:.15g}"), float(f"{rate * _SPREAD:.15g}")]
    log = scale == "log" or (not scale and _multiplies(name, experiment))
    together = name.startswith(INIT) or (
        name.startswith(RATE) and not experiment.optimizer.own_rates
    )
    usual = _STEPS[axes] if together else _APART_STEPS
    low, high = numbers
    return Axis(name, low, high, steps[0] if steps else usual, log)


def check_axes(axes: Sequence[Axis], experiment: Experiment) -> None:
    """Raise SpecError for axes that do not go together, or do not fit the experiment."""
    if not 1 <= len(axes) <= 2:
        raise SpecError(f"got {len(axes)} axes, need one or two")
    names = [axis.name for axis in axes]
    for axis in axes:
        if axis.name not in axis_names(experiment):
            raise SpecError(
                f"'{axis.name}': nothing of '{experiment.id}' has that name; "
                f"there are: {', '.join(_told(axis_names(experiment)))}"
            )
        for value in (axis.low, axis.high):
            changed(experiment, {axis.name: value}, check=True)
    if len(set(names)) < len(names):
        raise SpecError(f"got {names[0]} on both axes, need two different quantities")
    keys = {given.key for given in experiment.hyperparameters}
    if RATE in names and any(n.startswith(f"{RATE}.") and n not in keys for n in names):
        raise SpecError(
            f"{' and '.join(names)}: {RATE} is that of all layers; use {RATE}.1 and {RATE}.2"
        )
    if all(axis.apart for axis in axes) and len(axes) == 2:
        raise SpecError(
            f"{' and '.join(names)}: only one of the two may be a hyperparameter or h; use a "
            "learning rate or a start value for the other"
        )
    runs = math.prod(axis.steps for axis in axes)
    if runs > MAX_RUNS:
        raise SpecError(f"{runs:,} runs are too many, {MAX_RUNS:,} are the most; use fewer steps")


def changed(experiment: Experiment, values: Mapping[str, float], check: bool = False) -> Experiment:
    """Return the experiment with other values, by axis name.

    check: whether learning rates of single layers, which an experiment cannot have, are passed
    over.   Raises SpecError for values that make no sense.
    """
    start, hyper = dict(experiment.start), dict(experiment.hyper)
    keys = {given.key for given in experiment.hyperparameters}
    other = {}
    for name, value in values.items():
        if name.startswith(INIT):
            start[name.removeprefix(INIT)] = value
        elif name in keys:
            hyper[name] = value
        elif not name.startswith(f"{RATE}."):
            other[name] = value
        elif not check:
            raise SpecError(f"{name}: a workbook has one learning rate for all layers")
    return replace(experiment, start=start, hyper=hyper, **other)  # type: ignore[arg-type]


def rates_of(experiment: Experiment, values: Mapping[str, Floats], runs: int) -> dict[str, Floats]:
    """Return the learning rate of every weight, shape (runs,).

    values: by axis name, shape (runs,).
    """
    every = values.get(RATE, np.full(runs, experiment.learning_rate))
    # Weights that stand in a graph by themselves are of no layer.
    found: dict[str, Floats] = dict.fromkeys(experiment.network.parameters, every)
    for i, names in enumerate(_layers(experiment), 1):
        found |= dict.fromkeys(names, values.get(f"{RATE}.{i}", every))
    for group in experiment.param_groups:
        if group.name in experiment.rate_names:
            key = group.own(RATE)
            own = values.get(key, np.full(runs, experiment.hyperparameter(key)))
            for tensor in group.tensors:
                found |= dict.fromkeys(experiment.network.tensors[tensor], own)
    return found


def _layers(experiment: Experiment) -> list[list[str]]:
    """Return the names of the parameters, layer by layer, of the layers that have any."""
    return [place.weights for place in experiment.network.places if place.parameters]


def _multiplies(name: str, experiment: Experiment) -> bool:
    """Return whether a quantity is one that is thought of in powers of ten."""
    positive = [g.key for g in experiment.hyperparameters if g.positive]
    return name.startswith(RATE) or name in (*positive, "h")
