"""What there is to see in a step of many runs: losses, units, derivatives, and who is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from xlsgd.torch_side.batch_loss import of_batch
from xlsgd.torch_side.many_net import ManyNet
from xlsgd.training.experiment import Experiment
from xlsgd.verdict import events

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Look", "Watcher"]


@dataclass(slots=True)
class Look:
    """One look at all runs: at a row of data, or at a batch as a whole.

    rows: the rows of data.   weights, gradients: shape (parameters, runs); the derivatives are
    those that move the weights.   loss: shape (runs,), of a batch its own.
    units: what ManyNet tells of units that can die, of a batch the largest, shape (runs,).
    total: the sum of the rows' losses, shape (runs,).
    """

    rows: slice
    weights: Tensor
    loss: Tensor
    units: dict[str, Tensor]
    gradients: Tensor
    total: Tensor


class Watcher:
    """Looks at a step as the experiment's layout does: row by row, or at the batch as a whole.

    x: shape (inputs, rows of data).   y: shape (rows of data,), or (targets, rows of data).
    size: rows of a batch.
    watched: where a batch is looked at as a whole, the weight whose numerical derivative is looked
        at as well; None where each row of data has a loss and derivatives of its own.
    """

    def __init__(
        self,
        experiment: Experiment,
        net: ManyNet,
        x: Tensor,
        y: Tensor,
        size: int,
        watched: str | None,
    ) -> None:
        self._net, self._x, self._y, self._h = net, x, y, experiment.h
        self._experiment = experiment
        self._numerical = experiment.gradient == "numerical"
        self._lost = 0.5 * self._h / events.LOST  # suspected by half too soon: rounding
        self.by_row = watched is None
        if watched is not None:
            place = experiment.network.parameters.index(watched)
            self._watched = slice(place, place + 1)
        count = y.shape[-1]
        self.batches = [slice(i, min(i + size, count)) for i in range(0, count, size)]
        # Cut once: a run comes by these pieces thousands of times.
        self._pieces = {b.start: (x[:, b], y[..., b]) for b in self.batches}

    def look(self, weights: Tensor, batch: slice) -> tuple[list[Look], Tensor]:
        """Return what a batch comes to, and its gradient, shape (parameters, runs).

        weights: shape (parameters, runs).
        """
        if not self.by_row:
            return self._look_at_batch(weights, batch)
        if batch.stop - batch.start == 1 and not self._experiment.loss.weighs:
            look = self._look_at_row(weights, batch)
            return [look], look.gradients
        return self._look_at_rows(weights, batch)

    def _look_at_row(self, weights: Tensor, row: slice) -> Look:
        x, y = self._pieces[row.start]
        found = self._net.evaluate(weights, x, y)
        loss = found.pop("loss")
        gradients = self._gradients(weights, loss, x, y)
        units = {unit: output.expand(loss.shape) for unit, output in found.items()}
        return Look(row, weights, loss, units, gradients, loss)

    def _look_at_rows(self, weights: Tensor, batch: slice) -> tuple[list[Look], Tensor]:
        """Look at every row of a batch by itself: each has its loss and its derivatives."""
        x, y = self._pieces[batch.start]
        x, y, there = x.unsqueeze(1), y.unsqueeze(-2), weights.unsqueeze(2)
        found = self._net.evaluate(there, x, y)
        loss = found.pop("loss")
        gradients = self._gradients(there, loss, x, y)
        looks = []
        for i, number in enumerate(range(batch.start, batch.stop)):
            units = {unit: v.expand(loss.shape)[:, i] for unit, v in found.items()}
            one = loss[:, i]
            row = slice(number, number + 1)
            looks.append(Look(row, weights, one, units, gradients[:, :, i], one))
        return looks, of_batch(self._experiment, gradients, y)

    def _gradients(self, weights: Tensor, loss: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the derivatives that move the weights, for every loss."""
        if self._numerical:
            return self._net.numerical(weights, loss, x, y)
        return self._net.backprop(weights.expand(-1, *loss.shape), x, y)

    def _look_at_batch(self, weights: Tensor, batch: slice) -> tuple[list[Look], Tensor]:
        """Look at the batch as a whole: its loss, and the largest signal of every unit."""
        x, y = self._pieces[batch.start]
        x, y, there = x.unsqueeze(1), y.unsqueeze(-2), weights.unsqueeze(2)
        found = self._net.evaluate(there, x, y)
        rows = found.pop("loss")
        gradients = self._net.backprop(there, x, y, whole=True)[:, :, 0]
        units = {unit: output.expand(rows.shape).amax(1) for unit, output in found.items()}
        loss = of_batch(self._experiment, rows, y)
        look = Look(batch, weights, loss, units, gradients, rows.sum(1))
        return [look], gradients

    # Who is frozen

    def unsettled(self, look: Look) -> Tensor:
        """Return the runs that a look does not tell all about: a derivative is 0, or h is lost."""
        import torch

        still = None
        if not bool(look.gradients.all()):
            still = reduce(torch.logical_or, (look.gradients == 0).unbind(0))
        if not (self.by_row and self._numerical):
            large = look.weights.abs().amax(0) > self._lost
            still = large if still is None else still | large
        if still is None:
            return torch.empty(0, dtype=torch.int64, device=look.loss.device)
        return still.nonzero()[:, 0]

    def suspected(self, weights: Tensor, gradients: Tensor) -> Tensor:
        """Return where runs might be frozen, by what is quick to see.

        weights, gradients: shape (looks, parameters, runs).   Returned: shape (looks, runs).
        """
        large = weights.abs().amax(1) > self._lost
        if self.by_row and self._numerical:
            large &= (gradients == 0).all(1)
        return large

    def frozen(self, rows: Tensor, weights: Tensor, gradients: Tensor, loss: Tensor) -> Tensor:
        """Return whether runs were frozen when they were looked at.

        rows: the first row of data that each look is about, shape (suspects,).
        weights, gradients: of them, shape (parameters, suspects).   loss: shape (suspects,).
        """
        import torch

        if self.by_row:
            x, y = self._x[:, rows], self._y[..., rows]
            if self._numerical:
                numerical, backprop = gradients, self._net.backprop(weights, x, y)
            else:
                numerical, backprop = self._net.numerical(weights, loss, x, y), gradients
            return events.frozen(numerical, backprop, weights, self._h)
        # A batch is looked at with all its rows.
        of, found = self._watched, torch.zeros_like(rows, dtype=torch.bool)
        for first in sorted(set(rows.tolist())):
            some = rows == first
            x, y = self._pieces[first]
            there, at = weights[:, some].unsqueeze(2), loss[some].unsqueeze(1)
            numerical = self._net.numerical(
                there, at, x.unsqueeze(1), y.unsqueeze(-2), of, whole=True
            )
            found[some] = events.frozen(
                numerical[:, :, 0], gradients[of, some], weights[:, some], self._h
            )
        return found
