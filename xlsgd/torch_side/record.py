"""What is remembered of many runs: the first and the last steps in which things happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.torch_side.watcher import Watcher
from xlsgd.torch_side.window import Window
from xlsgd.verdict import events

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Record"]

_AT_A_TIME = 4096
"""Runs that are looked back at together: they are looked at in many steps at once."""


class Record:
    """A table with a row for everything that a verdict asks about, and a column for each run.

    It takes the looks of some steps at a time: mostly the last of them tells all.
    like: a tensor of shape (runs,).
    """

    def __init__(
        self,
        watcher: Watcher,
        units: Sequence[str],
        names: Sequence[str],
        epochs: int,
        like: Tensor,
    ) -> None:
        kinds = ["exploded_at", "not_finite_at", "alive", *(f"awake.{u}" for u in units)]
        kinds += [f"nonzero.{p}" for p in names]
        self._watcher, self._units = watcher, units
        self._rows = {name: i for i, name in enumerate(kinds)}
        self._weights = slice(len(kinds) - len(names), len(kinds))
        self.table = like.new_zeros(len(kinds) + epochs, len(like))

    def __getitem__(self, name: str) -> Tensor:
        return self.table[self._rows[name]]

    @property
    def mean_loss(self) -> Tensor:
        """Of every epoch, shape (epochs, runs)."""
        return self.table[len(self._rows) :]

    def note(self, epoch: int, window: Window, above: Tensor) -> None:
        """Note what there was to see in the steps of a window.

        epoch: from 0.   above: the loss that counts as exploded.
        """
        losses, steps, total = window.loss, window.steps, window.total
        self.mean_loss[epoch].add_(total)
        some = self._not_yet("exploded_at", _any(events.exploded(losses, above)))
        if len(some):
            happened = events.exploded(losses.index_select(1, some), above[some])
            self._first("exploded_at", some, happened, steps)
        # Where a loss is no number, the total is none.
        some = self._not_yet("not_finite_at", ~total.isfinite())
        if len(some):
            happened = events.not_finite(losses.index_select(1, some))
            self._first("not_finite_at", some, happened, steps)
        for unit in self._units:
            self._last_awake(self[f"awake.{unit}"], window.unit(unit), steps)
        self._look_back(window, steps)

    def _not_yet(self, name: str, happened: Tensor) -> Tensor:
        """Return the runs in which something happened that had not happened before."""
        return (happened & (self[name] == 0)).nonzero()[:, 0]

    def _first(self, name: str, runs: Tensor, happened: Tensor, steps: Tensor) -> None:
        """Note the first step in which something happened.  happened: shape (looks, runs)."""
        import torch

        first = torch.where(happened, steps.unsqueeze(1), torch.inf).amin(0)
        self[name][runs] = torch.where(first.isfinite(), first, 0.0)

    def _last_awake(self, at: Tensor, output: Tensor, steps: Tensor) -> None:
        """Note the last step in which a unit let something through.

        at: what to bring up to date, shape (runs,).   output: shape (looks, runs).
        """
        now = events.awake(output[-1])
        at.masked_fill_(now, steps[-1])
        for some in _parts((~now).nonzero()[:, 0]):
            flags = events.awake(output.index_select(1, some))
            at[some] = _latest(flags, steps.unsqueeze(1), at[some])

    def _look_back(self, window: Window, steps: Tensor) -> None:
        """Note the last step in which derivatives were not 0, and not frozen.

        Whether the numerical one is frozen, only backprop can tell: without it, a derivative of 0
        may be the end of the way. So those that are suspected are looked at once more, all at once.
        """
        import torch

        watcher, alive, nonzero = self._watcher, self["alive"], self.table[self._weights]
        parts = _parts(watcher.unsettled(window.last))
        before = [(alive[some], nonzero[:, some]) for some in parts]
        alive.fill_(steps[-1])
        nonzero.fill_(steps[-1])
        for some, (last_alive, last_nonzero) in zip(parts, before, strict=True):
            gradients = window.gradients.index_select(2, some)
            weights = window.weights.index_select(2, some)
            loss = window.loss.index_select(1, some)
            moving = events.nonzero(gradients, loss.unsqueeze(1))
            nonzero[:, some] = _latest(moving, steps.view(-1, 1, 1), last_nonzero)
            free = torch.ones_like(loss, dtype=torch.bool)
            which, place = watcher.suspected(weights, gradients).nonzero().T
            if len(which):
                there = weights[which, :, place].T.contiguous()
                known = gradients[which, :, place].T.contiguous()
                frozen = watcher.frozen(window.rows[which], there, known, loss[which, place])
                free[which, place] = ~frozen
            alive[some] = _latest(free, steps.unsqueeze(1), last_alive)

    def end_epoch(self, epoch: int, count: float) -> None:
        """Turn an epoch's sum of losses into their mean.  epoch: from 0.   count: of losses, or
        their weights."""
        import torch

        mean = self.mean_loss[epoch].div_(count)
        mean.masked_fill_(~mean.isfinite(), torch.nan)

    def repeated(self, epoch: int, per_epoch: int, epochs: int) -> Tensor:
        """Return what the table will be at the end if all goes on as in an epoch.

        epoch: from 0.   per_epoch: steps.   epochs: how many there are to be.
        """
        table = self.table.clone()
        end = table[self._rows["alive"] : len(self._rows)]
        later = end > epoch * per_epoch
        end += later * ((epochs - 1 - epoch) * per_epoch)
        table[len(self._rows) + epoch + 1 :] = self.mean_loss[epoch]
        return table


def _any(happened: Tensor) -> Tensor:
    """Return whether something happened in any look; many times as fast as torch's own any(0)."""
    import torch

    return happened.view(torch.uint8).amax(0).view(torch.bool)


def _latest(happened: Tensor, steps: Tensor, before: Tensor) -> Tensor:
    """Return the last step in which something happened, or what was known before.

    happened: shape (looks, …).   steps: shape (looks, 1, …).
    """
    import torch

    last = (happened * steps).amax(0)
    return torch.where(last > 0, last, before)


def _parts(runs: Tensor) -> Sequence[Tensor]:
    """Return numbers of runs in parts of some thousand, none where there are none."""
    sizes = [min(_AT_A_TIME, len(runs) - i) for i in range(0, len(runs), _AT_A_TIME)]
    return runs.split_with_sizes(sizes) if sizes else ()
