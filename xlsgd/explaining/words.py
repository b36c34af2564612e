"""Numbers and lists as sentences have them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from xlsgd.data import Dataset
from xlsgd.explaining.training import Training
from xlsgd.report.numbers import number
from xlsgd.training.experiment import Experiment

__all__ = [
    "at",
    "compared",
    "listed",
    "mean_of_targets",
    "moves",
    "number",
    "percent",
    "rate",
    "rows_seen",
    "step_seen",
    "times",
    "told",
]

_SHOWN = 4
"""Things that a list still names one by one."""


def told(experiment: Experiment, value: float) -> str:
    """Return a mean loss that has been read, with the word for it: ``RMSE 3.2``."""
    loss = experiment.loss
    if loss.reading is not None:
        return f"{loss.reading.word} {number(value)}"
    return f"a {experiment.network.wording.mean_loss} of {number(value)} {loss.unit}".rstrip()


def rate(value: float) -> str:
    """Return a learning rate as it can be typed in."""
    return f"{value:.4g}"


def mean_of_targets(experiment: Experiment) -> str:
    """Return what a net can do at least that has learned nothing of its inputs."""
    if experiment.loss.guess:
        return experiment.loss.guess
    return "the mean of y" if len(experiment.targets) == 1 else "the mean of every target"


def times(value: float | None) -> str:
    """Return a factor with three digits."""
    if value is None or not math.isfinite(value):
        return "no number"
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def percent(share: float) -> str:
    """Return a share as ``0.02 %``, ``23 %``."""
    if not math.isfinite(share):
        return "no number"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def compared(value: float, limit: float) -> str:
    """Return how a rate compares with a limit: ``is 1.14 times that``, or ``is 23 % of it``."""
    share = value / limit
    return f"{rate(value)} is " + (
        f"{times(share)} times that" if share >= 1 else f"{percent(share)} of it"
    )


def listed(names: Sequence[str], thing: str) -> str:
    """Return ``a, b and c``, or how many there are if they are many.  thing: in the plural."""
    if len(names) > _SHOWN:
        return f"{len(names)} {thing} ({names[0]} … {names[-1]})"
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def at(cell: str) -> str:
    """Return where to look, in brackets; nothing where there is no cell."""
    return f" ({cell})" if cell else ""


def rows_seen(rows: Sequence[int], data: Dataset) -> str:
    """Return which rows of data a step saw.  rows: counted from 1."""
    if len(rows) == data.rows:
        return f"all {data.rows} rows of the data" if data.rows > 1 else "the one row of the data"
    if len(rows) > 1:
        return f"rows {rows[0]} to {rows[-1]} of the data"
    row = rows[0] - 1
    inputs = [f"{name} = {values[row]:g}" for name, values in data.inputs.items()]
    shown = inputs if len(inputs) <= _SHOWN else []
    names = ["y"] if len(data.targets) == 1 else [f"y_{i}" for i, _ in enumerate(data.targets, 1)]
    shown += [f"{name} = {y[row]:g}" for name, y in zip(names, data.targets, strict=True)]
    return f"row {rows[0]} of the data, {', '.join(shown)}"


def step_seen(step: int, epoch: int, cell: str, rows: Sequence[int], training: Training) -> str:
    """Return which step it was, and where to look: ``step 4, epoch 2 (cell), on row 3 …``."""
    said = training.experiment.network.wording
    seen = said.rows(f", on {rows_seen(rows, training.data)}")
    return f"step {step}{said.rows(f', epoch {epoch}')}{at(cell)}{seen}"


def moves(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Return ``a from 2.02 to -5.64 and b from …``, of many weights those that moved most."""
    names = list(before)
    if len(names) > _SHOWN:
        names = sorted(names, key=lambda p: -abs(after[p] - before[p]))[: _SHOWN - 1]
    return listed([f"{p} from {number(before[p])} to {number(after[p])}" for p in names], "weights")
