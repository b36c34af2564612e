"""The rounding that float64 leaves open: numbers moved by one unit in the last place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Noise"]

_EPSILON = float(np.finfo(np.float64).eps)


class Noise:
    """Moves numbers by about one unit in the last place, in all members but the first."""

    def __init__(self, members: int) -> None:
        self.members = members
        # Any seed will do; a fixed one makes reports repeatable.
        self._random = np.random.default_rng(0)

    def copies(self, values: object) -> Tensor:
        """Return given numbers once for every member, shape (members, …)."""
        import torch

        numbers = np.asarray(values, dtype=np.float64)
        copies = np.broadcast_to(numbers, (self.members, *numbers.shape)).copy()
        moves = self._random.integers(-1, 2, size=copies[1:].shape)
        toward = np.where(moves > 0, np.inf, -np.inf)
        copies[1:] = np.where(moves == 0, copies[1:], np.nextafter(copies[1:], toward))
        return torch.from_numpy(copies)

    def rounding(self, values: Tensor) -> Tensor:
        """Return computed numbers as they might have been rounded.

        values: shape (…, members · rows), member by member.
        """
        import torch

        shape = (*values.shape[:-1], self.members, values.shape[-1] // self.members)
        factors = 1.0 + _EPSILON * self._random.integers(-1, 2, size=shape)
        factors[..., 0, :] = 1.0
        return values * torch.from_numpy(factors).reshape(values.shape)
