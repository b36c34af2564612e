"""All cells of a workbook with every step held apart, and how each depends on the weights of its step.

Every weight and every memory gets numbers of its own, whatever the formulas before it say: nothing
explodes, and what is wrong in one step does not travel to the next. As steps are held apart, one
pass of forward differentiation gives the slope of every cell in every weight of its step: the
samples are repeated, once for each weight of a step, and in each copy that one weight moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from xlsgd.foreign.recurrences import Carried
from xlsgd.foreign.sampling import SAMPLES, held_samples, leaf_samples
from xlsgd.foreign.steps import Family
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.evaluate import Evaluation

__all__ = ["Apart", "held_apart"]


class Apart:
    """Numbers of cells with every step held apart.

    values: of every cell that has a number, by samples.   given: of the cells that were held or
    moved.
    """

    def __init__(
        self,
        cells: Cells,
        given: Mapping[Cell, np.ndarray],
        families: Sequence[Family],
        only: Iterable[Cell] | None = None,
    ) -> None:
        self.cells = cells
        self.given = dict(given)
        self.nothing = np.full(SAMPLES, np.nan)
        self.width = max((family.width for family in families), default=1)
        self._evaluate(families, only)

    def _evaluate(self, families: Sequence[Family], only: Iterable[Cell] | None) -> None:
        import torch

        copies = self.width
        numbers = {cell: torch.tensor(np.tile(found, copies)) for cell, found in self.given.items()}
        moves: dict[Cell, torch.Tensor] = {}
        for family in families:
            for step in family.steps:
                for i, weight in enumerate(step.weights):
                    moved = torch.zeros(copies, SAMPLES, dtype=torch.float64)
                    moved[i] = 1
                    moves[weight.before] = moved.flatten()
                    numbers[weight.before].requires_grad_()
        found = Evaluation(self.cells, copies * SAMPLES, numbers)
        found.run(only)
        self.values: dict[Cell, np.ndarray] = {
            cell: value.detach().numpy()[:SAMPLES]
            for cell, value in found.values.items()
            if isinstance(value, torch.Tensor) and value.dtype == torch.float64
        }
        self.slopes: dict[Cell, np.ndarray] = {
            cell: slope.detach().numpy().reshape(copies, SAMPLES)
            for cell, slope in found.tangents(moves).items()
        }
        self.unknown = dict(found.unknown)

    def value(self, cell: Cell) -> np.ndarray:
        """Return the numbers of a cell, nan where it has none."""
        found = self.values.get(cell)
        if found is None:
            content = self.cells.contents.get(cell)
            if isinstance(content, float):
                found = self.values[cell] = np.full(SAMPLES, content)
        return self.nothing if found is None else found

    def slope(self, cell: Cell, weights: int) -> np.ndarray:
        """Return the slopes of a cell in the weights of its step: weights × samples."""
        found = self.slopes.get(cell)
        return np.zeros((weights, SAMPLES)) if found is None else found[:weights]


def held_apart(
    cells: Cells,
    carried: Carried,
    families: Sequence[Family],
    saved: Mapping[Cell, float],
    seed: int,
) -> Apart:
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
    return Apart(cells, given, families)


def circular(cells: Cells) -> list[Cell]:
    """Return formulas that others look at before them, as they would have to look at themselves."""
    place = {cell: i for i, cell in enumerate(cells.order)}
    return [
        other
        for cell, found in cells.precedents.items()
        for other in found
        if place.get(other, -1) > place[cell]
    ]
