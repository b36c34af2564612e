"""The sweep: a run for every point of a grid, many at a time, and how each of them went."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.sweeping.axes import INIT, RATE, Axis, changed, check_axes, rates_of
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side.many_runs import train_many
from xlsgd.torch_side.plain import load_torch, one_thread
from xlsgd.training.experiment import Experiment
from xlsgd.verdict import TRENDS, Verdicts, judge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEVICES", "Sweep", "evenly", "sweep_experiment"]

Floats = NDArray[np.float64]
DEVICES = ("cpu", "cuda")
CHUNK = 65_536
"""Numbers of the largest tensor of a chunk of runs. Measured with one neuron, where a quarter of it
is half as fast, for the calls take longer than the arithmetic; twice as much is no faster, and four
times as much slower: such tensors no longer fit into the processor's caches."""
_CHUNK_CUDA = 64 * 1024 * 1024
_WORTH = 16_384
"""Runs below which another chunk is not worth another processor."""
_LOSSES_KEPT = 20_000_000
"""Mean losses that are kept, epoch by epoch, for a sweep along one axis."""


@dataclass(frozen=True)
class Sweep:
    """How the runs of a grid went; arrays of shape (runs,), the first axis running fastest.

    kinds: the worst that happened, in a word.   verdicts: the verdict in the words of a tab.
    trends: the trend in words.   numbers: ``exploded_step``, ``not_finite_step``,
    ``frozen_since``, ``zero_gradient_since`` and ``dead_since.unit``, 0 for never; ``start_loss``
    and ``last_loss``, the mean loss before the first step and of the last epoch.
    mean_loss: of every epoch, shape (runs, epochs); only where there is one axis.
    reach: the loss below which a run has got there, None where nobody asked; then the numbers have
    ``reached_epoch``, the first epoch below it, 0 for never.
    """

    view: View
    data: Dataset
    axes: tuple[Axis, ...]
    kinds: NDArray[np.object_]
    verdicts: NDArray[np.object_]
    trends: NDArray[np.object_]
    numbers: Mapping[str, Floats]
    mean_loss: Floats | None = None
    reach: float | None = None

    @property
    def experiment(self) -> Experiment:
        """What is varied."""
        return self.view.experiment

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.kinds)

    @property
    def steps_per_epoch(self) -> int:
        """Updates in an epoch."""
        return -(-self.data.rows // self.experiment.batch_size)

    @property
    def shape(self) -> tuple[int, int]:
        """How many values there are on the second axis and on the first."""
        return self.runs // self.axes[0].steps, self.axes[0].steps

    def grid(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of shape (runs,) as a grid with a line for every value of the second
        axis."""
        return values.reshape(self.shape)

    def exploded_by(self, epochs: Floats, runs: NDArray[np.int64]) -> Floats:
        """Return the steps in which runs exploded, 0 in epochs before that.

        epochs: in a column.   Returned: shape (epochs, runs).
        """
        steps = self.numbers["exploded_step"][runs]
        return np.where((steps > 0) & (steps <= epochs * self.steps_per_epoch), steps, 0.0)

    @property
    def reached(self) -> tuple[int, int | None]:
        """How many runs ended below ``reach``, and by which epoch half of these had been there."""
        if self.reach is None:
            return 0, None
        ended = self.numbers["last_loss"] < self.reach
        first = np.sort(self.numbers["reached_epoch"][ended])
        return len(first), int(first[(len(first) - 1) // 2]) if len(first) else None

    def point(self, run: int) -> dict[str, float]:
        """Return where a run stands on the axes, by their names."""
        line, place = divmod(run, self.axes[0].steps)
        return {a.name: float(a.values[i]) for a, i in zip(self.axes, (place, line), strict=False)}

    def frame(self) -> pd.DataFrame:
        """Return the sweep as a table with one row per run.

        Columns: the axes, kind, verdict, trend, last_loss, how the loss is read (``rmse``), and the
        other numbers.
        """
        import pandas as pd

        lines, places = self.shape
        axes = [np.tile(self.axes[0].values, lines)]
        axes += [np.repeat(axis.values, places) for axis in self.axes[1:]]
        columns: dict[str, Any] = {a.name: v for a, v in zip(self.axes, axes, strict=True)}
        columns |= {"kind": self.kinds, "verdict": self.verdicts, "trend": self.trends}
        columns |= {"last_loss": self.numbers["last_loss"]}
        reading = self.experiment.loss.reading
        if reading is not None:
            columns[reading.key] = reading.of(self.numbers["last_loss"])
        for name, numbers in self.numbers.items():
            whole = name.endswith(("_step", "_epoch")) or "_since" in name
            columns.setdefault(name, numbers.astype(np.int64) if whole else numbers)
        return pd.DataFrame(columns)


def sweep_experiment(
    view: View,
    data: Dataset,
    axes: Sequence[Axis],
    device: str = "cpu",
    progress: Progress | None = None,
    reach: float | None = None,
) -> Sweep:
    """Return how an experiment goes at every point of a grid, seen as its tab shows it.

    axes: one or two.   device: ``cpu`` or ``cuda``.
    progress: called now and then with what is being done, how much of it is done, and of how much.
    reach: the loss below which a run has got there, where that is to be counted.
    Raises SpecError for axes that make no sense, or a device that is not there.
    """
    experiment = view.experiment
    check_axes(axes, experiment)
    if reach is not None and not math.isfinite(reach):
        raise SpecError(f"reach: got {reach:g}, need a number")
    if device not in DEVICES:
        raise SpecError(f"device: got '{device}', need one of {', '.join(DEVICES)}")
    torch = load_torch()
    if device == "cuda" and not torch.cuda.is_available():
        raise SpecError("device: got 'cuda', but PyTorch finds none on this machine; use cpu")
    runs = math.prod(axis.steps for axis in axes)
    workers = _workers() if device == "cpu" else 1
    watched = get_layout(view.layout).watched_weight(view)
    # Numerical derivatives of rows move all weights at once, that of a batch one.
    moved = len(experiment.network.parameters) if watched is None else 1
    jobs = list(_jobs(experiment, data, axes, moved, device, workers))
    total, done, lock = runs * experiment.epochs, 0, Lock()
    keeps_losses = len(axes) == 1 and total <= _LOSSES_KEPT

    def train(job: _Job) -> _Part:
        def epoch_done(_: int) -> None:
            nonlocal done
            with lock:
                done += len(job.runs)
                if progress is not None:
                    progress("training runs in torch", done // experiment.epochs, runs)

        summary = train_many(
            job.experiment,
            data,
            *job.varied(axes),
            device,
            epoch_done,
            watched,
        )
        return _Part.of(judge(summary), summary.mean_loss, keeps_losses, reach)

    # With tensors as small as these, a processor for each chunk gets further than several for one.
    with one_thread(), ThreadPoolExecutor(workers) as pool:
        try:
            parts = list(pool.map(train, jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    order = np.concatenate([job.runs for job in jobs])
    place = np.empty(runs, dtype=np.int64)
    place[order] = np.arange(runs)

    def joined(pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(pieces)[place]

    return Sweep(
        view,
        data,
        tuple(axes),
        kinds=joined([part.kinds for part in parts]),
        verdicts=joined([part.verdicts for part in parts]),
        trends=joined([part.trends for part in parts]),
        numbers={name: joined([p.numbers[name] for p in parts]) for name in parts[0].numbers},
        mean_loss=joined([p.mean_loss for p in parts if p.mean_loss is not None])
        if keeps_losses
        else None,
        reach=reach,
    )


@dataclass(frozen=True)
class _Job:
    """Runs that are done at once.   runs: their places in the grid."""

    experiment: Experiment
    runs: NDArray[np.int64]

    def varied(
        self, axes: Sequence[Axis]
    ) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats]]:
        """Return their learning rates, by weight, and the start values and hyperparameters that
        differ."""
        line, place = np.divmod(self.runs, axes[0].steps)
        values = {a.name: a.values[i] for a, i in zip(axes, (place, line), strict=False)}
        start = {n.removeprefix(INIT): v for n, v in values.items() if n.startswith(INIT)}
        keys = {given.key for given in self.experiment.hyperparameters}
        # Rates of groups are among the rates.
        hyper = {n: v for n, v in values.items() if n in keys and not n.startswith(RATE)}
        return rates_of(self.experiment, values, len(self.runs)), start, hyper


def _jobs(
    experiment: Experiment,
    data: Dataset,
    axes: Sequence[Axis],
    moved: int,
    device: str,
    workers: int,
) -> Iterator[_Job]:
    """Yield the runs in chunks that fit into the processor's cache.

    moved: how many weights a numerical derivative moves at once.
    """
    rows = min(experiment.batch_size, data.rows)
    widest = max(len(place.outputs) for place in experiment.network.places)
    most = CHUNK if device == "cpu" else _CHUNK_CUDA
    size = max(32, most // (rows * widest * moved))
    steps = [axis.steps for axis in axes]
    grid = np.arange(math.prod(steps)).reshape(steps[::-1])
    groups = [(experiment, grid.ravel())]
    apart = next((i for i, axis in enumerate(axes) if axis.apart), None)
    if apart is not None:
        axis = axes[apart]
        lines = np.moveaxis(grid, -1 - apart, 0)
        groups = [(experiment, lines.ravel())]
        if axis.name == "h":
            groups = [
                (changed(experiment, {axis.name: float(value)}), line.ravel())
                for value, line in zip(axis.values, lines, strict=True)
            ]
    for own, runs in groups:
        count = max(-(-len(runs) // size), min(workers, len(runs) // _WORTH), 1)
        yield from (_Job(own, part) for part in np.array_split(runs, count))


@dataclass(frozen=True)
class _Part:
    kinds: NDArray[np.object_]
    verdicts: NDArray[np.object_]
    trends: NDArray[np.object_]
    numbers: dict[str, Floats]
    mean_loss: Floats | None

    @classmethod
    def of(
        cls, verdicts: Verdicts, mean_loss: Floats, keeps_losses: bool, reach: float | None
    ) -> _Part:
        """Keep of the verdicts what a sweep shows."""
        numbers = dict(verdicts.steps)
        numbers |= {f"dead_since.{unit}": step for unit, step in verdicts.dead_since.items()}
        numbers |= {name: verdicts.numbers[name] for name in ("start_loss", "last_loss")}
        if reach is not None:
            below = mean_loss < reach
            numbers["reached_epoch"] = np.where(below.any(1), below.argmax(1) + 1.0, 0.0)
        # Most runs share their verdict with many others: words are found once for each.
        words = [*verdicts.steps.values(), *verdicts.dead_since.values(), *verdicts.still.values()]
        table = np.stack([*words, verdicts.trend, verdicts.numbers["last_loss"] == 0], axis=1)
        _, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
        kinds = np.array([verdicts.kind(run) for run in first], dtype=object)
        texts = np.array([verdicts.text(run) for run in first], dtype=object)
        trends = np.array(TRENDS, dtype=object)[verdicts.trend]
        kept = mean_loss if keeps_losses else None
        return cls(kinds[which.ravel()], texts[which.ravel()], trends, numbers, kept)


def _workers() -> int:
    """Return how many chunks to work on at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return so many places at most, evenly among all."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
