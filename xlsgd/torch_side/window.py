"""Looks at many runs, side by side: those of some steps, kept until they are gone through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.torch_side.watcher import Look

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Window"]


class Window:
    """Room for some looks, used again and again: new memory for each would cost more than copying.

    size: how many looks.   weights: as of the runs, shape (parameters, runs).
    """

    def __init__(self, size: int, weights: Tensor, units: Sequence[str]) -> None:
        count, runs = weights.shape
        self._weights = weights.new_empty(size, count, runs)
        self._gradients = weights.new_empty(size, count, runs)
        self._loss = weights.new_empty(size, runs)
        self.total = weights.new_zeros(runs)
        """The sum of the losses of all rows of data, shape (runs,)."""
        self._units = {unit: weights.new_empty(size, runs) for unit in units}
        self._rows: list[slice] = []
        self._steps: list[int] = []

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: int, look: Look) -> None:
        """Keep a look."""
        at = len(self._steps)
        self._weights[at], self._gradients[at] = look.weights, look.gradients
        self._loss[at] = look.loss
        # One by one: torch's sum adds up in an order that depends on how many runs there are.
        self.total += look.total
        for unit, output in look.units.items():
            self._units[unit][at] = output
        self._steps.append(step)
        self._rows.append(look.rows)

    def clear(self) -> None:
        """Forget all looks."""
        self._rows, self._steps = [], []
        self.total.zero_()

    @property
    def weights(self) -> Tensor:
        """Shape (looks, parameters, runs)."""
        return self._weights[: len(self)]

    @property
    def gradients(self) -> Tensor:
        """Shape (looks, parameters, runs)."""
        return self._gradients[: len(self)]

    @property
    def loss(self) -> Tensor:
        """Shape (looks, runs)."""
        return self._loss[: len(self)]

    def unit(self, name: str) -> Tensor:
        """Return the outputs of a unit, shape (looks, runs)."""
        return self._units[name][: len(self)]

    @property
    def steps(self) -> Tensor:
        """Their numbers, shape (looks,)."""
        return self._loss.new_tensor(self._steps)

    @property
    def rows(self) -> Tensor:
        """The first row of data of each look, shape (looks,)."""
        import torch

        return torch.tensor([rows.start for rows in self._rows], device=self._loss.device)

    @property
    def last(self) -> Look:
        """The last look."""
        at = len(self) - 1
        units = {name: values[at] for name, values in self._units.items()}
        loss = self._loss[at]
        return Look(self._rows[at], self._weights[at], loss, units, self._gradients[at], loss)
