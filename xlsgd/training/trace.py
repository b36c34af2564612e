"""What torch has for a table: quantity by quantity, the run itself and an ensemble beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEMBERS", "Trace", "Traces"]

Floats = NDArray[np.float64]

MEMBERS = 9
"""The run itself and eight that start one unit in the last place away."""


@dataclass(frozen=True)
class Trace:
    """What torch has for every row of a training table.

    values: quantity to numbers of shape (members, rows); member 0 is the run itself.
    start: what the optimizer remembered before the first step, shape (members,).
    """

    values: dict[str, Floats]
    start: dict[str, Floats] = field(default_factory=dict)

    def __getitem__(self, quantity: str) -> Floats:
        """Return the numbers of the run itself, shape (rows,)."""
        values: Floats = self.values[quantity][0]
        return values

    def spread(self, quantity: str) -> Floats:
        """Return how far the ensemble strays from the run, shape (rows,)."""
        members = self.values[quantity]
        with np.errstate(all="ignore"):
            stray: Floats = np.abs(members[1:] - members[0]).max(0)
        return np.where(np.isnan(stray), np.inf, stray)

    def member(self, number: int) -> dict[str, Floats]:
        """Return one member's numbers, shape (rows,) each."""
        return {quantity: values[number] for quantity, values in self.values.items()}


Traces = dict[str, Trace]
"""By the name of the table."""
