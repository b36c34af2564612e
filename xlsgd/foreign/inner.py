"""Derivatives in what lies between the weights and the loss: the deltas of backpropagation.

A zero that moves is added to every cell that the loss is made of; one pass of forward
differentiation then gives the derivative of the loss in each of them, as if it were a weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xlsgd.foreign.losses import OUTER, Loss, made_of
from xlsgd.foreign.places import Place, Places
from xlsgd.foreign.sampling import SAMPLES
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study
from xlsgd.graph.cells import Cell
from xlsgd.graph.evaluate import Evaluation

__all__ = ["inner_slopes", "recalculated"]


def inner_slopes(
    study: Study, places: Places, loss: Loss, step: Step
) -> dict[Place, np.ndarray]:
    """Return the derivative of a step's loss in every cell that it is made of, by samples."""
    import torch
    import torch.autograd.forward_ad as forward

    inside = set(step.cells)
    ends = [cell for place in loss.places if (cell := places.cell(step, place)) in inside]
    cells = [c for place in made_of(places, loss) if (c := places.cell(step, place)) in inside]
    wanted = [c for c in study.meant.order if c in set(cells)]
    number = {cell: i for i, cell in enumerate(wanted)}
    copies = len(wanted)
    if not copies:
        return {}
    around = _around(study, step, copies)
    with forward.dual_level():
        found = Evaluation(study.meant, copies * SAMPLES, around)
        for cell in wanted:
            found.run([cell])
            value = found.values.get(cell)
            if not isinstance(value, torch.Tensor) or value.dtype != torch.float64:
                continue
            moves = torch.zeros(copies, SAMPLES, dtype=torch.float64)
            moves[number[cell]] = 1
            zero = torch.zeros(copies * SAMPLES, dtype=torch.float64)
            found.values[cell] = value + forward.make_dual(zero, moves.flatten())
        total = np.zeros((copies, SAMPLES))
        for i, end in enumerate(ends):
            value = found.values.get(end)
            if not isinstance(value, torch.Tensor):
                continue
            _, tangent = forward.unpack_dual(value)
            if tangent is None:
                continue
            slope = tangent.detach().numpy().reshape(copies, SAMPLES)
            if loss.targets:
                wanted_value = places.value(step, loss.targets[i])
                slope = OUTER[loss.kind](places.apart.value(end), wanted_value) * slope
            total = total + slope
    return {places.place(step, cell): total[i] for cell, i in number.items()}


def _around(study: Study, step: Step, copies: int) -> dict[Cell, object]:
    """Return the numbers of all that the cells of a step look at and that is not of the step."""
    import torch

    inside = set(step.cells)
    found: dict[Cell, object] = {}
    for cell in step.cells:
        for other in study.meant.precedents.get(cell, ()):
            if other not in inside and other not in found:
                values = study.apart.value(other)
                if np.isfinite(values).any():
                    found[other] = torch.tensor(np.tile(values, copies))
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
    values: dict[Cell, object] = _around(study, step, 1)
    for cell in order:
        if cell not in moved:
            values[cell] = torch.tensor(study.apart.value(cell))
    values |= {cell: torch.tensor(numbers) for cell, numbers in given.items()}
    found = Evaluation(study.meant, SAMPLES, values)  # type: ignore[arg-type]
    found.run([cell for cell in order if cell in moved and cell not in given])
    result = {}
    for cell in wanted:
        value = found.values.get(cell)
        fine = isinstance(value, torch.Tensor) and value.dtype == torch.float64
        result[cell] = value.detach().numpy() if fine else np.full(SAMPLES, np.nan)
    return result
