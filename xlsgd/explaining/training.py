"""One run in torch, with everything that an explanation asks about its steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.data import Dataset
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.layouts.torch_tracing import tracer
from xlsgd.tabs.view import View
from xlsgd.torch_side import Ensemble, TorchNet, data_tensors
from xlsgd.torch_side.batch_loss import mean_of_rows
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules import RATE
from xlsgd.training.schedules.schedule import MOMENTUM
from xlsgd.training.trace import Traces
from xlsgd.verdict import events
from xlsgd.verdict.rules import told_by_number

__all__ = ["BROKEN", "GRADIENTS", "Length", "Training", "train"]

Floats = NDArray[np.float64]

BROKEN = ("exploded", "dead", "frozen", "zero gradient", "not finite")
"""Kinds of verdicts on a run that will not recover, however long it goes on."""

GRADIENTS = ("grad_mean", "grad_sum", "grad")
"""Quantities that hold the slope of a batch: the first of them that a tab has."""

_AT_ONCE = 200_000
"""Predictions made at once."""


@dataclass(frozen=True)
class Length:
    """How long a run is.

    rows: of the table of steps.   epochs: rows of the table of epochs.
    """

    rows: int
    epochs: int


@dataclass(frozen=True)
class Training:
    """A run that is over.

    view: of the experiment, with the limits of this run typed in.
    panels: what the panel of its tab says, of the run itself and then of the other members of an
        ensemble.
    losses: of every row of data as it came by.
    weights: before every step, and after the last one; shape (steps + 1, weights).
    table: the table of steps as torch has it.
    first, last: the first and the last row of every step in that table, from 0.
    """

    view: View
    data: Dataset
    panels: Sequence[Mapping[str, float | str]]
    losses: Floats
    weights: Floats
    table: Mapping[str, Floats]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    traces: Traces

    @property
    def experiment(self) -> Experiment:
        """What was trained."""
        return self.view.experiment

    @property
    def panel(self) -> Mapping[str, float | str]:
        """What the panel of its tab says."""
        return self.panels[0]

    @property
    def verdict(self) -> str:
        """How it went, in the words of the panel."""
        return str(self.panel["verdict"])

    @property
    def kind(self) -> str:
        """The worst that happened in one word, else the trend."""
        if self.number("exploded_step"):
            return "exploded"
        if self.dead_since:
            return "dead"
        if self.number("frozen_since"):
            return "frozen"
        # Where the loss is 0 there is nothing left to find, and a derivative of 0 is no trouble.
        if self.number("zero_gradient_since") and self.mean_loss != 0:
            return "zero gradient"
        return str(self.panel["trend"])

    @property
    def dead_since(self) -> dict[str, int]:
        """The units that are dead, and since which step."""
        units = self.experiment.network.silences
        found = {unit: int(self.number(f"dead_since.{unit}")) for unit in units}
        return {unit: step for unit, step in found.items() if step}

    @property
    def still(self) -> tuple[str, ...]:
        """The weights whose derivative is 0 for good."""
        if told_by_number(self.experiment.told_of):
            since = self.number("last_step") - self.number("steps_per_epoch")
            table = self.table
            return tuple(p for p in self.experiment.told_of if table[f"nonzero.{p}"].max() <= since)
        named = str(self.panel["still_weights"]).split(", ")
        return tuple(p for p in self.experiment.network.groups if p in named)

    @property
    def mean_loss(self) -> float:
        """The mean loss of the last complete epoch."""
        return self.number("last_loss")

    @property
    def rmse(self) -> float:
        """The same as its loss is read."""
        return self.experiment.loss.read(self.mean_loss)

    @property
    def epochs(self) -> int:
        """How many epochs are complete."""
        return int(self.number("last_epoch"))

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.first)

    def number(self, field: str) -> float:
        """Return a number of the panel."""
        return float(self.panel[field])

    # Steps are counted from 1, as on the tab.

    def epoch(self, step: int) -> int:
        """Return the epoch that a step belongs to."""
        return (step - 1) // self._per_epoch + 1

    def rows(self, step: int) -> range:
        """Return the positions in the data, from 0, of the rows that a step sees."""
        size, begin = self.experiment.batch_size, (step - 1) % self._per_epoch
        return range(begin * size, min((begin + 1) * size, self.data.rows))

    def before(self, step: int) -> dict[str, float]:
        """Return the weights before a step; those at the end come before the step after it."""
        values = self.weights[step - 1]
        return dict(zip(self.experiment.network.parameters, map(float, values), strict=True))

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return float(self.table[RATE][self.last[step - 1]])

    def momentum(self, step: int) -> float | None:
        """Return the momentum of a step, None where it does not move with the rate."""
        moving = self.table.get(MOMENTUM)
        return None if moving is None else float(moving[self.last[step - 1]])

    def gradient(self, weight: str, step: int) -> float:
        """Return the derivative that a step followed: the mean over its rows, or the sum."""
        kinds = (*GRADIENTS[:2], "grad_used", *GRADIENTS[2:])
        name = next(f"{kind}.{weight}" for kind in kinds if f"{kind}.{weight}" in self.table)
        return float(self.table[name][self.last[step - 1]])

    def step_of_loss(self, place: int) -> int:
        """Return the step in which a loss came by.  place: in ``losses``."""
        epoch, row = divmod(place, self.data.rows)
        return epoch * self._per_epoch + row // self.experiment.batch_size + 1

    @property
    def _per_epoch(self) -> int:
        return -(-self.data.rows // self.experiment.batch_size)

    # What all rows of data come to at the weights of some step

    @cached_property
    def mean_losses(self) -> Floats:
        """The mean loss over all rows of data before every step and after the last one, shape
        (steps + 1,)."""
        every = max(1, _AT_ONCE // self.data.rows)
        parts = [
            self.mean_of(self.outputs(range(i + 1, min(i + every, len(self.weights)) + 1))["loss"])
            for i in range(0, len(self.weights), every)
        ]
        return np.concatenate(parts)

    def mean_of(self, losses: Floats, rows: slice = slice(None)) -> Floats:
        """Return the mean over rows of data, as an epoch is summed up.

        losses: of these rows, shape (…, rows).
        """
        import torch

        y = data_tensors(self.experiment, self.data)[1][rows]
        mean: Floats = mean_of_rows(self.experiment, torch.from_numpy(losses.copy()), y).numpy()
        return mean

    def outputs(self, steps: Iterable[int]) -> dict[str, Floats]:
        """Return what every layer gives for every row of data, and the loss, at the weights before
        some steps, shape (steps, rows)."""
        import torch

        weights = torch.from_numpy(self.weights[[step - 1 for step in steps]])
        names = self.experiment.network.parameters
        shape = (len(weights), self.data.rows)
        net = TorchNet(self.experiment, Ensemble(1))
        evaluate = net.evaluate(*data_tensors(self.experiment, self.data))
        with torch.no_grad(), np.errstate(all="ignore"):
            found = evaluate({p: weights[:, [i]].expand(shape) for i, p in enumerate(names)})
            return {name: value.numpy() for name, value in found.items()}

    def values(self, names: Sequence[str], steps: Iterable[int]) -> Floats:
        """Return what goes into a layer for every row of data, at the weights before some steps.

        names: of numbers that layers give, inputs, weights, or numbers as themselves.
        Shape (steps, rows, names).
        """
        steps = list(steps)
        outputs = self.outputs(steps)
        weights = self.weights[[step - 1 for step in steps]]
        known = self.experiment.network.parameters
        shape = (len(steps), self.data.rows)

        def value(name: str) -> Floats:
            if name in outputs:
                return outputs[name]
            if name in self.data.inputs:
                return np.broadcast_to(np.array(self.data.inputs[name]), shape)
            if name in known:
                return np.broadcast_to(weights[:, [known.index(name)]], shape)
            return np.full(shape, float(name))

        return np.stack([value(name) for name in names], -1)

    def awake(self, unit: str, outputs: Floats) -> NDArray[np.bool_]:
        """Return where a unit that can die lets something through.  outputs: of it, any shape."""
        import torch

        signal = self.experiment.network.silences[unit].signal_of(torch.from_numpy(outputs.copy()))
        found: NDArray[np.bool_] = events.awake(signal).numpy()
        return found

    def came_by(self, unit: str) -> Floats:
        """Return the outputs of a unit for every row of data as it came by."""
        found: Floats = tracer(self.view, self.data).came_by(self.traces, unit)[0]
        return found


def train(view: View, data: Dataset, length: Length, members: int = 1) -> Training:
    """Train from the start values, as the tab of an experiment does.

    length: of the tab's tables.   members: of the ensemble; 1 for the run alone.
    """
    experiment, limits = view.experiment, limits_of(view, data)
    view = replace(view, typed=asdict(limits))
    follow = tracer(view, data)
    traces = follow.run(length.rows, members=members)
    by_row = follow.by_row(traces)
    steps = traces["steps"]
    panels = verdict.panel_values(
        experiment,
        limits,
        steps.values,
        verdict.epoch_quantities(by_row, length.epochs, experiment.loss.reading),
        follow.start_loss(traces),
        data.rows,
        follow.completed(traces),
    )
    _, first = np.unique(steps["step"], return_index=True)
    last = np.append(first[1:], len(steps["step"])) - 1
    names = experiment.network.parameters
    end = [[steps[f"new.{p}"][-1] for p in names]]
    begin = np.stack([steps[f"param.{p}"][first] for p in names], 1)
    return Training(
        view,
        data,
        panels,
        by_row["loss"][0],
        np.concatenate((begin, end)),
        {name: values[0] for name, values in steps.values.items()},
        first,
        last,
        traces,
    )
