"""What is remembered of many runs: the first and the last steps in which things happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.torch_side.frozen_watch import FrozenWatch, Suspects
from xlsgd.verdict import events

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["Record", "Seen"]


@dataclass(frozen=True)
class Seen:
    """What there is to see in one step.

    several: whether each row of a batch is looked at by itself.
    loss, units, moving: shapes (…, runs), or (…, runs, rows) if several.
    moving: by weight, whether its derivative is not 0; None for everywhere.
    suspects: runs that might be frozen; None for none.
    gradient: of the batch, shape (parameters, runs).
    total: the sum of the rows' losses, shape (runs,).
    """

    several: bool
    loss: Tensor
    units: Tensors
    moving: Tensor | None
    suspects: Suspects | None
    gradient: Tensor
    total: Tensor

    def any(self, happened: Tensor) -> Tensor:
        """Return whether something happened in the step, in any row of its batch."""
        return happened.any(-1) if self.several else happened


class Record:
    """What is remembered of the runs: a table with a row for everything and a column for each.

    like: a tensor of shape (runs,).
    """

    def __init__(
        self,
        units: Sequence[str],
        names: Sequence[str],
        epochs: int,
        like: Tensor,
        frozen: FrozenWatch,
    ) -> None:
        self._frozen = frozen
        last = ["alive", *(f"awake.{u}" for u in units), *(f"nonzero.{p}" for p in names)]
        kinds = ["exploded_at", "not_finite_at", *last]
        self._rows = {name: i for i, name in enumerate(kinds)}
        self._weights = len(names)
        self.table = like.new_zeros(len(self._rows) + epochs, len(like))

    def __getitem__(self, name: str) -> Tensor:
        return self.table[self._rows[name]]

    @property
    def mean_loss(self) -> Tensor:
        """Of every epoch, shape (epochs, runs)."""
        return self.table[len(self._rows) :]

    def note(self, epoch: int, step: int, seen: Seen, above: Tensor) -> None:
        """Note what there is to see in a step.

        epoch: from 0.   step: from 1.   above: the loss that counts as exploded.
        """
        self.mean_loss[epoch] += seen.total
        exploded = seen.any(events.exploded(seen.loss, above[:, None] if seen.several else above))
        if bool(exploded.any()):
            _first(self["exploded_at"], exploded, step)
            _first(self["not_finite_at"], seen.any(events.not_finite(seen.loss)), step)
        for unit, output in seen.units.items():
            self[f"awake.{unit}"].masked_fill_(seen.any(events.awake(output)), step)
        nonzero = self.table[len(self._rows) - self._weights : len(self._rows)]
        if seen.moving is None:
            nonzero.fill_(step)
        else:
            nonzero.masked_fill_(seen.any(seen.moving), step)
        self._frozen.note(step, seen.suspects, self["alive"])

    def end_epoch(self, epoch: int, step: int, rows: int) -> None:
        """Turn an epoch's sum of losses into the mean over the rows of data, and settle the rest.

        epoch: from 0.   step: its last.
        """
        import torch

        self._frozen.settle(step, self["alive"])

        mean = self.mean_loss[epoch].div_(rows)
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


def _first(at: Tensor, happened: Tensor, step: int) -> None:
    """Note the first step in which something happened."""
    at.masked_fill_(happened & (at == 0), step)
