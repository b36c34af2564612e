"""The rounding that float64 leaves open: an ensemble whose numbers are one unit in the last place
apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from xlsgd.training.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Ensemble", "is_rounding"]

_EPSILON = float(np.finfo(np.float64).eps)
_POOL = 4096
_SIDE = 32.0
"""By how many times the rounding a sheet's number may be off and still be the same number: one
saved with 15 digits is off by up to 22.5."""


Numbers = TypeVar("Numbers", "Tensor", "NDArray[np.float64]")


def is_rounding(seen: Numbers, own: Numbers, stray: Numbers) -> Any:
    """Return which of a sheet's numbers are those computed, but for rounding.

    own: computed.   stray: how far the ensemble strays from it.
    """
    return abs(seen - own) <= _SIDE * (stray + _EPSILON * abs(own))


class Ensemble:
    """Numbers of several members; in all but the first they are moved by about one unit in the last
    place."""

    def __init__(self, members: int) -> None:
        self.members = members
        # Any seed will do; a fixed one makes reports repeatable.
        self._random = np.random.default_rng(0)
        self._pool: Tensor | None = None
        self._used = 0

    def copies(self, values: object) -> Tensor:
        """Return given numbers once for every member, shape (members, …)."""
        import torch

        numbers = np.asarray(values, dtype=np.float64)
        copies = np.broadcast_to(numbers, (self.members, *numbers.shape)).copy()
        moves = self._random.integers(-1, 2, size=copies[1:].shape)
        toward = np.where(moves > 0, np.inf, -np.inf)
        # 0 stays 0: next to it there are only numbers that change nothing but a side of a kink.
        still = (moves == 0) | (copies[1:] == 0)
        copies[1:] = np.where(still, copies[1:], np.nextafter(copies[1:], toward))
        return torch.from_numpy(copies)

    def targets(self, loss: Loss, y: object) -> Tensor:
        """Return what is to be predicted once for every member, shape (members, …): labels as they
        are, numbers as ``copies`` has them.  loss: says which they are."""
        import torch

        if not loss.exact_labels:
            return self.copies(y)
        labels = torch.from_numpy(np.asarray(y, dtype=np.float64).copy())
        return labels.expand(self.members, *labels.shape).clone()

    def rounding(self, values: Tensor) -> Tensor:
        """Return computed numbers as they might have been rounded.

        values: shape (…, members · rows), member by member.
        """
        rows = values.shape[-1] // self.members
        lead = values.shape[:-1]
        each = rows * lead.numel()
        factors = self._factors(each).reshape(self.members, *lead, rows)
        return values * factors.movedim(0, -2).reshape(values.shape)

    def on_its_side(self, values: Tensor, seen: Tensor, at: float | Tensor = 0.0) -> Tensor:
        """Return computed numbers, all members on the side of a kink on which a sheet's number is.

        values: shape (members · rows,), member by member.   seen: the sheet's, shape (rows,).
        at: where the kink is, in all rows or in each.
        At a kink, as max(0, x) has one at 0, rounding decides on the derivative. In a sheet it is
        the sheet's own number that decides, and what follows has to follow from that: with the
        derivative of one side or of the other, not with anything between. So where a number may
        have been rounded to the sheet's, members on another side are given the sheet's.
        """
        import torch

        members = values.detach().reshape(self.members, -1)
        own = members[0]
        stray = (members - own).abs().amax(0)
        near = is_rounding(seen, own, stray)
        other = (near & ((members - at).sign() != (seen - at).sign())).reshape(-1)
        # The sheet's number, with the derivative of what was computed.
        moved = values - values.detach() + seen.repeat(self.members)
        return torch.where(other, moved, values)

    def mean(self, rows: Tensor, batch: Tensor, batches: int) -> Tensor:
        """Return the mean over every batch as it might have been rounded.

        rows: shape (members, rows).   batch: number of every row's batch, from 0.
        Programs add in orders of their own. Adding n numbers up leaves an error of some √n units
        in the last place of their sizes' sum, which counts where the numbers cancel.
        """
        import torch

        counts = torch.bincount(batch, minlength=batches).double()
        return self._added_up(rows, batch, counts, counts)

    def of_batches(
        self, loss: Loss, rows: Tensor, batch: Tensor, batches: int, weights: Tensor | None
    ) -> Tensor:
        """Return what every batch makes of the losses of its rows, or of their derivatives, as it
        might have been rounded: see ``mean``.

        weights: how many times every row counts, shape (rows,); None where each counts once.
        """
        import torch

        counts = torch.bincount(batch, minlength=batches).double()
        divisor: Tensor | int = 1 if loss.is_summed else counts
        if weights is not None:
            divisor = counts.new_zeros(batches).index_add(0, batch, weights)
        return self._added_up(rows, batch, counts, divisor)

    def _added_up(
        self, rows: Tensor, batch: Tensor, counts: Tensor, divisor: Tensor | int
    ) -> Tensor:
        import torch

        def total(values: Tensor) -> Tensor:
            return values.new_zeros(len(values), len(counts)).index_add(1, batch, values) / divisor

        moves = self.moves_of_means(counts.numpy())
        return total(rows) + torch.from_numpy(moves) * total(rows.abs())

    def moves_of_means(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by which share of the mean of their sizes means may be off, shape (members, …).

        counts: of the numbers that each is the mean of, shape (…).
        """
        drawn = self._random.integers(-1, 2, size=(self.members, *counts.shape))
        drawn[0] = 0
        moves: NDArray[np.float64] = drawn * _EPSILON * (1 + np.sqrt(counts) / 8)
        return moves

    def _factors(self, each: int) -> Tensor:
        """Return factors within one unit in the last place of 1, shape (members, each)."""
        import torch

        # Drawn many at a time: a run asks for a few of them, thousands of times.
        if self._pool is None or self._used + each > self._pool.shape[1]:
            size = (self.members, max(each, _POOL))
            factors = 1.0 + _EPSILON * self._random.integers(-1, 2, size=size)
            factors[0] = 1.0
            self._pool, self._used = torch.from_numpy(factors), 0
        found = self._pool[:, self._used : self._used + each]
        self._used += each
        return found
