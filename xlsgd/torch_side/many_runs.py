"""Many runs of one experiment at once, of which only what a verdict needs is kept.

The runs differ in their learning rates and start values. They are numbers of the same tensors:
one operation does the step of thousands of runs. What happens in a step is looked at as it comes
by and forgotten, so that memory does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.data import Dataset
from xlsgd.experiment import Experiment
from xlsgd.torch_side.frozen_watch import FrozenWatch, Suspects
from xlsgd.torch_side.many_net import ManyNet
from xlsgd.torch_side.plain import load_torch
from xlsgd.torch_side.record import Record, Seen
from xlsgd.torch_side.stepper import Stepper, start_state
from xlsgd.verdict import Summary, events
from xlsgd.verdict.threshold import explosion_threshold

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["train_many"]

Floats = NDArray[np.float64]

_ALL = "all"
_WORTH = 1 / 64
"""The share of runs that must be over before those that go on are worth sorting out."""


def train_many(
    experiment: Experiment,
    data: Dataset,
    rates: Mapping[str, Floats],
    start: Mapping[str, Floats],
    device: str = "cpu",
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Train all runs from their start values and return what is known of them at their end.

    rates: parameter to learning rates, shape (runs,).
    start: start values by name where they differ from run to run, shape (runs,); all others are
        the experiment's.
    progress: called after every epoch with its number.
    Rows, batches, derivatives and what counts as exploded are those of a training tab.
    """
    torch = load_torch()
    with torch.no_grad():
        return _Training(experiment, data, rates, start, device).summary(progress)


class _Training:
    def __init__(
        self,
        experiment: Experiment,
        data: Dataset,
        rates: Mapping[str, Floats],
        start: Mapping[str, Floats],
        device: str,
    ) -> None:
        import torch

        self.experiment, self.data = experiment, data
        self.names = experiment.network.parameters
        self.net = ManyNet(experiment, device)
        self.by_row = experiment.layout == "rows"
        self.runs = len(rates[self.names[0]])

        def tensor(values: object) -> Tensor:
            # A copy: what comes in may be a view that numpy repeats along the runs.
            return torch.tensor(np.array(values, dtype=np.float64), device=device)

        self.x = tensor([data.inputs[name] for name in experiment.network.input_names])
        self.y = tensor(data.y)
        self.rates = tensor([np.broadcast_to(rates[p], self.runs) for p in self.names])
        given = {name: float(value) for name, value in experiment.start.items()} | dict(start)
        self.start = {
            name: tensor(np.broadcast_to(value, self.runs)) for name, value in given.items()
        }
        zero = self.rates.new_zeros(self.runs)
        self.weights = torch.stack([self.start.get(p, zero) for p in self.names])
        size = experiment.batch_size
        self.batches = [slice(i, min(i + size, data.rows)) for i in range(0, data.rows, size)]

    # What happens before the first step

    def begin(self) -> None:
        """Find the loss at the start, what counts as exploded, and the optimizer's memory."""
        import torch

        rows = slice(None) if self.by_row else self.batches[0]
        x, y = self.x[:, rows].unsqueeze(1), self.y[rows]
        loss = self.net.evaluate(self.weights.unsqueeze(2), x, y)["loss"]
        self.start_loss = loss.mean(1)
        worst = loss.amax(1) if self.by_row else self.start_loss
        above = _thresholds(self.data.y, worst.cpu().numpy())
        self.above = self.all_above = torch.from_numpy(above).to(self.weights.device)

        # A state may start at something that depends on the gradient of the first row.
        first = self.look(slice(0, 1) if self.by_row else self.batches[0]).gradient
        memory = {}
        for kind in self.experiment.optimizer.state:
            parts = []
            for p, gradient in zip(self.names, first, strict=True):
                name = f"{kind}.{p}"
                value = self.start.get(name)
                if value is None:
                    value = start_state(self.experiment, name, {p: gradient.unsqueeze(1)})
                parts.append(value.to(self.weights.device))
            memory[f"{kind}.{_ALL}"] = torch.stack(parts)
        self.start_stepper(memory)

    # One step

    def look(self, batch: slice) -> Seen:
        """Return what a batch comes to at the weights as they are."""
        return self.look_at_rows(batch) if self.by_row else self.look_at_batch(batch)

    def look_at_rows(self, batch: slice) -> Seen:
        """Look at every row by itself: each has its loss and its derivatives."""

        x, y, weights = self.x[:, batch], self.y[batch], self.weights
        several = len(y) > 1
        if several:
            x, weights = x.unsqueeze(1), weights.unsqueeze(2)
        found = self.net.evaluate(weights, x, y)
        loss = found.pop("loss")
        each = weights.expand(-1, *loss.shape)
        if self.experiment.gradient == "numerical":
            gradients = numerical = self.net.numerical(weights, loss, x, y)
            moving = _moving(gradients, loss)
            suspects = None if moving is None else self.suspects(gradients)
        else:
            gradients, numerical = self.net.backprop(each, x, y), None
            moving = _moving(gradients, loss)
            suspects = self.suspects(None)
        if suspects is not None:
            some = suspects.runs
            suspects.weights, suspects.x, suspects.y = weights[:, some], x, y
            if several or numerical is None:
                there = suspects.weights
                if numerical is None:
                    slopes = self.net.numerical(there, loss[some], x, y)
                else:
                    slopes = numerical[:, some]
                backprop = self.net.backprop(each[:, some], x, y)
                frozen = events.frozen(slopes, backprop, there, self.experiment.h)
                suspects.frozen = frozen.all(-1) if several else frozen
        return Seen(
            several=several,
            loss=loss,
            units={unit: output.expand(loss.shape) for unit, output in found.items()},
            moving=moving,
            suspects=suspects,
            gradient=gradients.mean(2) if several else gradients,
            total=loss.sum(1) if several else loss,
        )

    def look_at_batch(self, batch: slice) -> Seen:
        """Look at the batch as a whole: its mean loss, and the largest output of every unit."""

        x, y = self.x[:, batch].unsqueeze(1), self.y[batch]
        weights = self.weights.unsqueeze(2)
        found = self.net.evaluate(weights, x, y)
        rows = found.pop("loss")
        loss = rows.mean(1)
        gradients = self.net.backprop(weights, x, y, mean=True)[:, :, 0]
        suspects = self.suspects(None)
        if suspects is not None:
            some, there = suspects.runs, self.weights[:, suspects.runs]
            place = self.names.index(self.experiment.watched_parameter)
            of = slice(place, place + 1)
            slopes = self.net.numerical(
                there.unsqueeze(2), loss[some].unsqueeze(1), x, y, of, mean=True
            )
            suspects.frozen = events.frozen(
                slopes[:, :, 0], gradients[of, some], there, self.experiment.h
            )
        return Seen(
            several=False,
            loss=loss,
            units={unit: output.expand(rows.shape).amax(1) for unit, output in found.items()},
            moving=_moving(gradients, loss),
            suspects=suspects,
            gradient=gradients,
            total=rows.sum(1),
        )

    def suspects(self, numerical: Tensor | None) -> Suspects | None:
        """Return the runs that might be frozen, by what is quick to see; None for none.

        numerical: the derivatives by moving weights, if known.
        """
        import torch

        lost = 0.5 * self.experiment.h / events.LOST  # by half too soon: rounding
        if numerical is None:
            some = (self.weights.abs().amax(0) > lost).nonzero()[:, 0]
            return Suspects(some) if len(some) else None
        still = reduce(torch.logical_and, (numerical == 0).unbind(0))
        some = (still.any(-1) if still.dim() > 1 else still).nonzero()[:, 0]
        if len(some):
            some = some[self.weights[:, some].abs().amax(0) > lost]
        return Suspects(some) if len(some) else None

    def step(self, gradient: Tensor) -> None:
        """Move the weights.  gradient: of the batch, shape (parameters, runs)."""
        moved = self.stepper.parameters[_ALL].zero_()
        self.stepper.step({_ALL: gradient})
        self.weights.addcmul_(self.rates, moved)

    # All steps

    def summary(self, progress: Callable[[int], None] | None) -> Summary:
        """Train, and return what is known at the end."""
        import torch

        self.begin()
        experiment, per_epoch = self.experiment, len(self.batches)
        units = verdict.units(experiment)
        frozen = FrozenWatch(self.net, experiment.h)
        record = Record(units, self.names, experiment.epochs, self.start_loss, frozen)
        ended = torch.empty_like(record.table)
        going = torch.arange(self.runs, device=record.table.device)
        for epoch in range(experiment.epochs):
            before = self.memory()
            for i, batch in enumerate(self.batches):
                seen = self.look(batch)
                record.note(epoch, epoch * per_epoch + i + 1, seen, self.above)
                self.step(seen.gradient)
            record.end_epoch(epoch, (epoch + 1) * per_epoch, self.data.rows)
            over = self.repeating(before)
            if over is not None:
                at_end = record.repeated(epoch, per_epoch, experiment.epochs)
                ended[:, going[over]] = at_end[:, over]
                self.keep(~over)
                record.table, going = record.table[:, ~over], going[~over]
            if progress is not None:
                progress(epoch + 1)
            if not len(going):
                break
        record.table = ended.index_copy_(1, going, record.table)

        def array(values: Tensor) -> Floats:
            found: Floats = values.cpu().numpy()
            return found

        return Summary(
            last_step=experiment.epochs * per_epoch,
            last_epoch=experiment.epochs,
            steps_per_epoch=per_epoch,
            exploded_at=array(record["exploded_at"]),
            not_finite_at=array(record["not_finite_at"]),
            derivative_alive=array(record["alive"]),
            awake={unit: array(record[f"awake.{unit}"]) for unit in units},
            nonzero={p: array(record[f"nonzero.{p}"]) for p in self.names},
            mean_loss=array(record.mean_loss.T),
            start_loss=array(self.start_loss),
            exploded_above=array(self.all_above),
        )

    def memory(self) -> Tensor:
        """Return all that decides what a run does next, shape (…, runs)."""
        import torch

        return torch.cat((self.weights, *self.stepper.memory().values()))

    def repeating(self, before: Tensor) -> Tensor | None:
        """Return which runs will go on as in the last epoch for ever, if that helps.

        Such as those whose derivative is frozen: weights and memory are what they were before the
        epoch, and so all that follows is what followed then.
        """
        if self.experiment.optimizer.counts_steps:
            return None
        now = self.memory()
        same = ((now == before) | (now.isnan() & before.isnan())).all(0)
        return same if int(same.sum()) >= _WORTH * len(same) else None

    def keep(self, which: Tensor) -> None:
        """Go on with some of the runs."""
        memory = {name: value[:, which] for name, value in self.stepper.memory().items()}
        self.weights, self.rates = self.weights[:, which], self.rates[:, which]
        self.above = self.above[which]
        self.start_stepper(memory)

    def start_stepper(self, memory: Tensors) -> None:
        """Begin to step.  memory: what the optimizer knows of earlier steps."""
        import torch

        # Every step is proportional to the learning rate. So torch's optimizer moves zeros at a
        # rate of 1, and every weight of every run moves by its own rate times as much.
        self.stepper = Stepper(
            replace(self.experiment, learning_rate=1.0), {_ALL: torch.zeros_like(self.weights)}
        )
        self.stepper.remember(memory, steps_done=self.weights.new_zeros(()))


def _moving(gradients: Tensor, loss: Tensor) -> Tensor | None:
    """Return where derivatives are not 0; None for everywhere, which is quick to see."""
    return None if bool(gradients.all()) else events.nonzero(gradients, loss)


def _thresholds(y: tuple[float, ...], worst: Floats) -> Floats:
    """Return the loss that counts as exploded for every run.

    worst: the worst loss at the start, shape (runs,).
    The rule gives one number of a few for any loss and never falls: where the two ends of a
    stretch agree, so does all between them.
    """
    known, which = np.unique(np.where(np.isfinite(worst), worst, 0.0), return_inverse=True)
    found = np.empty_like(known)

    def fill(first: int, last: int, low: float, high: float) -> None:
        if low == high or last - first < 2:
            found[first : last + 1] = low
            found[last] = high
            return
        middle = (first + last) // 2
        between = explosion_threshold(y, float(known[middle]))
        fill(first, middle, low, between)
        fill(middle, last, between, high)

    ends = (explosion_threshold(y, float(v)) for v in (known[0], known[-1]))
    fill(0, len(known) - 1, *ends)
    return found[which]
