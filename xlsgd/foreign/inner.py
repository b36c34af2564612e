"""Derivatives in what lies between the weights and the loss: the deltas of backpropagation.

One pass backward from the loss gives its derivative in every cell that it is made of, as if that
cell were a weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xlsgd.foreign.losses import OUTER, Loss, made_of
from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.sampling import SAMPLES
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study
from xlsgd.graph.cells import Cell
from xlsgd.graph.evaluate import Evaluation

__all__ = ["inner_slopes", "recalculated"]


def inner_slopes(
    study: Study, places: AlignedSteps, loss: Loss, step: Step
) -> dict[Offset, np.ndarray]:
    """Return the derivative of a step's loss in every cell that it is made of, by samples."""
    inside = set(step.cells)
    ends = [c for place in loss.places if (c := places.cell(step, place)) in inside]
    wanted = [c for place in made_of(places, loss) if (c := places.cell(step, place)) in inside]
    found = Evaluation(study.meant, SAMPLES, _around(study, step), adjoint=True, stretches=False)
    found.run(ends)
    total = {cell: np.zeros(SAMPLES) for cell in wanted}
    groups = [[end] for end in ends] if loss.targets else [ends]
    for i, group in enumerate(groups):
        outer: np.ndarray | float = 1.0
        if loss.targets:
            wish = places.value(step, loss.targets[i])
            outer = OUTER[loss.kind](places.apart.value(group[0]), wish)
        for cell, slope in found.adjoints(group, wanted).items():
            total[cell] = total[cell] + outer * slope.numpy()
    return {places.place(step, cell): each for cell, each in total.items()}


def _around(study: Study, step: Step) -> dict[Cell, object]:
    """Return the numbers of all that the cells of a step look at and that is not of the step."""
    import torch

    inside = set(step.cells)
    found: dict[Cell, object] = {}
    for cell in step.cells:
        for other in study.meant.precedents.get(cell, ()):
            if other not in inside and other not in found:
                values = study.apart.value(other)
                if np.isfinite(values).any():
                    found[other] = torch.tensor(values)
    return found


def recalculated(
    study: Study, step: Step, given: Mapping[Cell, np.ndarray], wanted: Sequence[Cell]
) -> dict[Cell, np.ndarray]:
    """Return the numbers of some cells of a step where others hold what is given."""
    import torch

    inside = set(step.cells)
    # What does not hang on the cells that are given stays as it is.
    moved = set(given)
    order = [cell for cell in study.meant.order if cell in inside]
    for cell in order:
        if moved.intersection(study.meant.precedents.get(cell, ())):
            moved.add(cell)
    values: dict[Cell, object] = _around(study, step)
    for cell in order:
        if cell not in moved:
            values[cell] = torch.tensor(study.apart.value(cell))
    values |= {cell: torch.tensor(numbers) for cell, numbers in given.items()}
    found = Evaluation(study.meant, SAMPLES, values, stretches=False)
    found.run([cell for cell in order if cell in moved and cell not in given])
    result = {}
    for cell in wanted:
        value = found.values.get(cell)
        result[cell] = np.full(SAMPLES, np.nan)
        if isinstance(value, torch.Tensor) and value.dtype == torch.float64:
            result[cell] = value.detach().numpy()
    return result
