"""Many runs of one experiment at once, of which only what a verdict needs is kept.

The runs differ in their learning rates and start values. They are numbers of the same tensors:
one operation does the step of thousands of runs. What happens in a step is looked at as it comes
by and forgotten, so that memory does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.torch_side.apart import at_rates, by_value, rates_by_key, variants_of
from xlsgd.torch_side.batch_loss import losses_counted, mean_of_rows, of_batch
from xlsgd.torch_side.falling import falls_of, rates_by_group, run_by_run
from xlsgd.torch_side.many_net import ManyNet
from xlsgd.torch_side.plain import load_torch
from xlsgd.torch_side.rates import NotScalingError, factors_of_steps, scheduled_of_steps
from xlsgd.torch_side.record import Record
from xlsgd.torch_side.stacks import groups_of_stacks, stacks_of
from xlsgd.torch_side.step_check import is_plain, need_steps_that_scale
from xlsgd.torch_side.stepper import Stepper, start_state
from xlsgd.torch_side.targets import columns_to_predict, to_predict
from xlsgd.torch_side.thresholds import thresholds
from xlsgd.torch_side.transformed import transformed
from xlsgd.torch_side.watcher import Watcher
from xlsgd.torch_side.window import Window
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules.schedule import MOMENTUM, RATE
from xlsgd.verdict import Summary

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["train_many"]

Floats = NDArray[np.float64]

_WINDOW = 32
"""Looks that are gathered before they are gone through."""
_WORTH = 1 / 64
"""The share of runs that must be over before those that go on are worth sorting out."""


def train_many(
    experiment: Experiment,
    data: Dataset,
    rates: Mapping[str, Floats],
    start: Mapping[str, Floats],
    hyper: Mapping[str, Floats] | None = None,
    device: str = "cpu",
    progress: Callable[[int], None] | None = None,
    watched: str | None = None,
) -> Summary:
    """Train all runs from their start values and return what is known of them at their end.

    rates: parameter to learning rates, shape (runs,).
    start: start values by name where they differ from run to run, shape (runs,); all others are
        the experiment's.
    hyper: the same for hyperparameters; runs with the same ones stand side by side.
    progress: called after every epoch with its number.
    watched: where batches are looked at as a whole, the weight whose numerical derivative is looked
        at; None where every row of data is looked at.
    Rows, batches, derivatives and what counts as exploded are those of a training tab.
    Where a step, or the rates of a schedule, are not learning_rate times something, runs at
    different rates are trained one after the other; NotScalingError if layers differ in theirs.
    """
    torch = load_torch()
    options = [given.key for given in experiment.loss.hyperparameters if given.key in (hyper or {})]
    if hyper and options:
        return by_value(
            [hyper[key] for key in options],
            lambda runs, values: train_many(
                replace(
                    experiment,
                    hyper={**experiment.hyper, **dict(zip(options, values, strict=True))},
                ),
                data,
                {
                    p: np.broadcast_to(rate, len(hyper[options[0]]))[runs]
                    for p, rate in rates.items()
                },
                {p: value[runs] for p, value in start.items()},
                {key: value[runs] for key, value in hyper.items() if key not in options},
                device,
                progress,
                watched,
            ),
        )
    with torch.no_grad():
        try:
            training = _Training(experiment, data, rates, start, hyper or {}, device, watched)
        except NotScalingError:
            own = rates_by_key(experiment, rates)
            if own is None:
                raise
            return by_value(
                list(own.values()),
                lambda some, at: train_many(
                    at_rates(experiment, dict(zip(own, at, strict=True))),
                    data,
                    {p: np.asarray(rate)[some] for p, rate in rates.items()},
                    {p: value[some] for p, value in start.items()},
                    {key: value[some] for key, value in (hyper or {}).items()},
                    device,
                    progress,
                    watched,
                ),
            )
        return training.summary(progress)


class _Training:
    def __init__(
        self,
        experiment: Experiment,
        data: Dataset,
        rates: Mapping[str, Floats],
        start: Mapping[str, Floats],
        hyper: Mapping[str, Floats],
        device: str,
        watched: str | None,
    ) -> None:
        import torch

        self.experiment, self.data = experiment, data
        self.names = experiment.network.parameters
        self.net = ManyNet(experiment, device)
        self.runs = len(rates[self.names[0]])

        def tensor(values: object) -> Tensor:
            # A copy: what comes in may be a view that numpy repeats along the runs.
            return torch.tensor(np.array(values, dtype=np.float64), device=device)

        self.x = tensor([data.inputs[name] for name in experiment.network.input_names])
        self.y = tensor(to_predict(experiment, data).T)
        size = experiment.batch_size
        self.watcher = Watcher(experiment, self.net, self.x, self.y, size, watched)
        self.rates = tensor([np.broadcast_to(rates[p], self.runs) for p in self.names])
        given = {name: float(value) for name, value in experiment.start.items()} | dict(start)
        self.start = {
            name: tensor(np.broadcast_to(value, self.runs)) for name, value in given.items()
        }
        self.variants, self.group = variants_of(experiment, hyper, self.runs)
        experiment.need_targets(data.targets)
        # What the schedule makes of the rates, shape (variants, steps).
        self.factors: Tensor | None = None
        steps = experiment.epochs * len(self.watcher.batches)
        numbers, self.follows = np.arange(1, steps + 1), experiment.schedule.follows_losses
        still = experiment.schedule.steady or self.follows
        self.moved = [] if still else [scheduled_of_steps(v, numbers) for v in self.variants]
        self.stacks = stacks_of(experiment)
        self.momenta = [each[MOMENTUM] for each in self.moved if MOMENTUM in each]
        # Whether the optimizer steps at the rate itself, since a step is not that times something.
        self.at_rate = False
        try:
            for variant in self.variants:
                need_steps_that_scale(variant)
            if self.moved:
                self.factors = tensor([factors_of_steps(each, steps) for each in self.variants])
        except NotScalingError:
            if any(
                bool((self.rates[i] != experiment.rate_of(p)).any())
                for i, p in enumerate(self.names)
                if p in experiment.trained
            ):
                raise
            self.at_rate = True
        if self.follows and self.at_rate:
            self.variants, self.group = run_by_run(self.variants, self.group)
        self.uses_weight = experiment.optimizer.uses_weight
        zero = self.rates.new_zeros(self.runs)
        self.weights = torch.stack([self.start.get(p, zero) for p in self.names])

    # What happens before the first step

    def begin(self) -> None:
        """Find the loss at the start, what counts as exploded, and the optimizer's memory."""
        import torch

        watcher = self.watcher
        rows = slice(None) if watcher.by_row else watcher.batches[0]
        x, y = self.x[:, rows].unsqueeze(1), self.y[..., rows].unsqueeze(-2)
        loss = self.net.evaluate(self.weights.unsqueeze(2), x, y)["loss"]
        of, added_up = self.experiment.loss, self.experiment.added_up
        self.start_loss = mean_of_rows(self.experiment, loss, y)
        worst = loss.amax(1) if watcher.by_row else of_batch(self.experiment, loss, y)
        added_up *= self.experiment.batch_size if of.is_summed and not watcher.by_row else 1
        targets = columns_to_predict(self.experiment, self.data)
        above = thresholds(of, targets, worst.cpu().numpy(), added_up)
        self.above = self.all_above = torch.from_numpy(above).to(self.weights.device)
        # A state may start at something that depends on the first row's gradient.
        looks, whole = watcher.look(self.weights, watcher.batches[0])
        first = looks[0].gradients if watcher.by_row else whole
        memory = {}
        for kind in self.experiment.optimizer.state:
            parts = {}
            for p, gradient in zip(self.names, first, strict=True):
                name = f"{kind}.{p}"
                value = self.start.get(name)
                if value is None:
                    value = start_state(self.experiment, name, {p: gradient.unsqueeze(1)})
                parts[p] = value.to(self.weights.device)
            for stack in self.stacks:
                memory[f"{kind}.{stack.name}"] = torch.stack([parts[p] for p in stack.weights])
        self.start_steppers(memory)
        # A momentum of 0 that a schedule moves is none of 0 for long.
        apart = self.momenta or self.at_rate or self.experiment.frozen or len(self.stacks) > 1
        self.plain = not apart and all(is_plain(variant, self.weights) for variant in self.variants)

    # One step

    def step(self, gradient: Tensor, number: int) -> None:
        """Move the weights.

        gradient: of the batch, shape (parameters, runs).   number: of the step, from 1.
        """
        gradient = self.seen(gradient, number)
        rates = self.rates
        if self.factors is not None:
            rates = rates * self.factors[self.group, number - 1]
        if self.plain:
            self.weights.addcmul_(rates, gradient, value=-1)
            return
        for part, stepper in self.steppers:
            before = {stack.name: stack.of(self.weights[:, part]) for stack in self.stacks}
            for name, weights in before.items():
                moved = stepper.parameters[name].zero_()
                if self.at_rate or self.uses_weight:
                    moved.copy_(weights)
            if self.at_rate:
                self.turn(stepper, part, number)
            elif self.momenta:
                # The rate is applied to what was moved, below.
                momenta = self.momenta[self.group[part.start]]
                own = dict.fromkeys(self.experiment.rate_names, 1.0)
                stepper.turn(1.0, float(momenta[number - 1]), own)
            stepper.step({stack.name: stack.of(gradient[:, part]) for stack in self.stacks})
            for stack in self.stacks:
                weights, moved = before[stack.name], stepper.parameters[stack.name]
                if self.at_rate:
                    weights.copy_(moved)
                else:
                    if self.uses_weight:
                        moved.sub_(weights)
                    weights.addcmul_(stack.of(rates[:, part]), moved)
                if not stack.whole:  # else they are the very weights
                    self.weights[list(stack.places), part] = weights

    def turn(self, stepper: Stepper, part: slice, number: int) -> None:
        """Set the rate of a step itself, and the momentum, where a schedule moves them."""
        which = self.group[part.start]
        if self.follows:
            rate, own = rates_by_group(self.experiment, self.rates, part.start)
            stepper.turn(rate, None, own)
        elif self.moved:
            momentum = float(self.momenta[which][number - 1]) if self.momenta else None
            given = {name: float(each[number - 1]) for name, each in self.moved[which].items()}
            names = self.experiment.rate_names
            stepper.turn(given[RATE], momentum, {group: given[n] for group, n in names.items()})

    def seen(self, gradient: Tensor, step: int) -> Tensor:
        """Return the slopes that the optimizer sees, shape (parameters, runs).   step: from 1."""
        import torch

        if not self.experiment.transforms:
            return gradient
        parts = []
        numbers, begins = np.unique(self.group, return_index=True)
        for number, begin, end in zip(numbers, begins, [*begins, len(self.group)][1:], strict=True):
            part = slice(int(begin), int(end))
            variant, weights = self.variants[number], self.weights[:, part]
            parts.append(transformed(variant, gradient[:, part], weights, step)[0])
        return torch.cat(parts, 1)

    # All steps

    def summary(self, progress: Callable[[int], None] | None) -> Summary:
        """Train, and return what is known at the end."""
        import torch

        self.begin()
        experiment, per_epoch = self.experiment, len(self.watcher.batches)
        units = tuple(experiment.network.silences)
        record = Record(self.watcher, units, self.names, experiment.epochs, self.start_loss)
        window, falls = self.window(units), falls_of(self.variants, self.group, self.rates)
        ended = torch.empty_like(record.table)
        going = torch.arange(self.runs, device=record.table.device)
        for epoch in range(experiment.epochs):
            before = self.memory()
            for i, batch in enumerate(self.watcher.batches):
                looks, gradient = self.watcher.look(self.weights, batch)
                for look in looks:
                    window.add(epoch * per_epoch + i + 1, look)
                self.step(gradient, epoch * per_epoch + i + 1)
                if len(window) >= _WINDOW or i == per_epoch - 1:
                    record.note(epoch, window, self.above)
                    window.clear()
            record.end_epoch(epoch, losses_counted(experiment, self.y))
            if falls is not None:
                self.rates = falls(record.mean_loss[epoch], self.rates)
            over = self.repeating(before)
            if over is not None:
                at_end = record.repeated(epoch, per_epoch, experiment.epochs)
                ended[:, going[over]] = at_end[:, over]
                self.keep(~over)
                record.table, going = record.table[:, ~over], going[~over]
                window = self.window(units)
            if progress is not None:
                progress(epoch + 1)
            if not len(going):
                break
        record.table = ended.index_copy_(1, going, record.table)

        def array(values: Tensor) -> Floats:
            return np.asarray(values.cpu().numpy())

        return Summary(
            last_step=experiment.epochs * per_epoch,
            last_epoch=experiment.epochs,
            steps_per_epoch=per_epoch,
            exploded_at=array(record["exploded_at"]),
            not_finite_at=array(record["not_finite_at"]),
            derivative_alive=array(record["alive"]),
            awake={unit: array(record[f"awake.{unit}"]) for unit in units},
            nonzero={
                group: np.maximum.reduce([array(record[f"nonzero.{p}"]) for p in names])
                for group, names in self.experiment.told_of.items()
            },
            mean_loss=array(record.mean_loss.T),
            start_loss=array(self.start_loss),
            exploded_above=array(self.all_above),
        )

    def window(self, units: Sequence[str]) -> Window:
        """Return room for the looks of some steps."""
        most = max(batch.stop - batch.start for batch in self.watcher.batches)
        return Window(_WINDOW + (most if self.watcher.by_row else 1), self.weights, units)

    def memory(self) -> Tensors:
        """Return all that decides what a run does next, shapes (parameters, runs)."""
        import torch

        parts = [stepper.memory() for _, stepper in self.steppers]
        kept = {name: torch.cat([part[name] for part in parts], 1) for name in parts[0]}
        return {"weights": self.weights.clone()} | kept

    def repeating(self, before: Tensors) -> Tensor | None:
        """Return which runs will go on as in the last epoch for ever, if that helps.

        Such as those whose derivative is frozen: weights and memory are what they were before the
        epoch, and so all that follows is what followed then.
        """
        import torch

        counting = [each.counts_steps for each in self.experiment.transforms]
        if self.experiment.optimizer.counts_steps or self.moved or self.follows or any(counting):
            return None
        same = torch.ones_like(self.above, dtype=torch.bool)
        for name, now in self.memory().items():
            was = before[name]
            same &= ((now == was) | (now.isnan() & was.isnan())).all(0)
        return same if int(same.sum()) >= _WORTH * len(same) else None

    def keep(self, which: Tensor) -> None:
        """Go on with some of the runs."""
        memory = {name: value[:, which] for name, value in self.memory().items()}
        self.weights, self.rates = memory.pop("weights"), self.rates[:, which]
        self.above, self.group = self.above[which], self.group[which.cpu().numpy()]
        self.start_steppers(memory)

    def start_steppers(self, memory: Tensors) -> None:
        """Begin to step.  memory: what the optimizer knows of earlier steps."""
        import torch

        # Every step is proportional to the learning rate. So torch's optimizer moves zeros, or the
        # weights where a step depends on them, at a rate of 1, and every weight of every run moves
        # by its own rate times as much.
        self.steppers = []
        numbers, begins = np.unique(self.group, return_index=True)
        ends = [*begins, len(self.group)][1:]
        for number, begin, end in zip(numbers, begins, ends, strict=True):
            part = slice(int(begin), int(end))
            zeros = torch.zeros_like(self.weights[:, part])
            variant = self.variants[number]
            stepper = Stepper(
                variant if self.at_rate else variant.with_one_rate(1.0),
                {stack.name: stack.of(zeros) for stack in self.stacks},
                groups_of_stacks(self.stacks),
            )
            known = {name: value[:, part] for name, value in memory.items()}
            stepper.remember(known, steps_done=zeros.new_zeros(()))
            self.steppers.append((part, stepper))
