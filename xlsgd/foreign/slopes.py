"""All cells of a workbook with every step held apart, and their slopes in the weights of it.

Every weight gets numbers of its own, whatever the formulas before it say: nothing explodes, and
what is wrong in one step does not travel to the next. As steps are held apart, one pass backward
from the same place of every step gives its slopes in the weights of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xlsgd.foreign.recurrences import Carried
from xlsgd.foreign.sampling import SAMPLES, as_tensor, held_samples, leaf_samples
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.evaluate import Evaluation

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Apart", "held_apart"]


class Apart:
    """Numbers of cells with every step held apart.

    given: of the cells that were held or moved.
    """

    def __init__(
        self, cells: Cells, given: Mapping[Cell, np.ndarray], weights: Sequence[Cell]
    ) -> None:
        """weights: cells in which slopes are wanted."""
        self.cells = cells
        self.given = dict(given)
        self.nothing = np.full(SAMPLES, np.nan)
        numbers = {cell: as_tensor(found) for cell, found in self.given.items()}
        for cell in weights:
            numbers[cell].requires_grad_()
        self._found = Evaluation(cells, SAMPLES, numbers)
        self._found.run()
        self._values: dict[Cell, np.ndarray] = {}

    def value(self, cell: Cell) -> np.ndarray:
        """Return the numbers of a cell, nan where it has none."""
        found = self._values.get(cell)
        if found is None:
            found = self._values[cell] = self._value(cell)
        return found

    def _value(self, cell: Cell) -> np.ndarray:
        import torch

        value = self._found.values.get(cell)
        if value is None:
            value = self.cells.contents.get(cell)
        if isinstance(value, torch.Tensor) and value.dtype == torch.float64:
            return np.asarray(value.detach().numpy())
        if isinstance(value, float) and not isinstance(value, bool):
            return np.full(SAMPLES, value)
        return self.nothing

    def numbers(self) -> dict[Cell, object]:
        """Return what all cells hold, for other calculations."""
        import torch

        return {
            cell: value.detach() if isinstance(value, torch.Tensor) else value
            for cell, value in self._found.values.items()
        }

    def slopes(self, of: Sequence[Cell], weights: Sequence[Cell]) -> list[np.ndarray]:
        """Return the slopes of a sum of cells in each of some weights, by samples."""
        found: dict[Cell, Tensor] = self._found.adjoints(
            [cell for cell in of if cell in self._found.values], weights
        )
        return [found[cell].numpy() for cell in weights]


def held_apart(cells: Cells, carried: Carried, saved: Mapping[Cell, float], seed: int) -> Apart:
    """Return the cells of a workbook with every step held apart.  What goes round in a circle, such
    as an average that a macro takes over into the next epoch, is held as well.

    saved: the numbers that cells have in the workbook as it was saved.
    """
    rng = np.random.default_rng(seed)
    given = leaf_samples(cells, rng)
    for weight in carried.weights:
        given[weight.before] = held_samples(saved.get(weight.before), False, rng)
    for cell in circular(cells):
        given[cell] = held_samples(saved.get(cell), saved.get(cell, -1.0) >= 0, rng)
    return Apart(cells, given, [weight.before for weight in carried.weights])


def circular(cells: Cells) -> list[Cell]:
    """Return formulas that others look at before them, as they would have to look at themselves."""
    place = {cell: i for i, cell in enumerate(cells.order)}
    return [
        other
        for cell, found in cells.precedents.items()
        for other in found
        if place.get(other, -1) > place[cell]
    ]
