"""torch.autograd.gradcheck over operations of graphs, both of whose sides an engine calculates.

What an operation hands back, by its formulas, is compared with differences of what its formulas
give: neither torch's operations nor torch's derivatives have a part in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.training.evaluated import calculated
from xlsgd.training.nets.kinds import operation_types, parse_layer
from xlsgd.training.nets.layer import Layer

POINTS: dict[str, tuple[float, ...]] = {
    "Chosen": (2.0, 0.3, -1.1, 0.9),
    "Where": (1.0, 0.0, 0.7, -0.4, 1.3, -2.1),
    "Equal": (0.4, 1.2, 0.4, -0.9),
    "Log": (0.3, 2.4, 7.5, 0.01),
    "Sqrt": (0.3, 2.4, 7.5, 0.01),
    "Power": (0.3, 2.4, 7.5, 0.6),
}
"""Where to try an operation that does not take all numbers; some are places, or conditions."""
USUAL = (0.37, -1.21, 0.94, -0.58)
FIXED = {"Chosen": (0,), "Where": (0, 1), "Equal": (0, 2)}
"""Inputs that are none to move: places, conditions, and what jumps wherever it is moved."""
ARGUMENTS = {"Power": "1.5", "Normalize": "0.01", "Clamp": "min=-0.9, max=0.5"}
KINDS = [name for name in operation_types() if name != "Formula"]


def in_cells(layer: Layer, points: tuple[float, ...], grads: tuple[float, ...]) -> list[float]:
    """Return what a layer gives, and what it hands back, as its formulas are calculated."""
    width = layer.outputs(len(points))
    given = {f"x{i}": np.array([v]) for i, v in enumerate(points)}
    given |= {f"g{i}": np.array([v]) for i, v in enumerate(grads)}

    def forward(cell: Any, i: int) -> str:
        return layer.forward([cell[f"x{j}"] for j in range(len(points))], {})[i]

    def backward(cell: Any, i: int) -> str:
        x = [cell[f"x{j}"] for j in range(len(points))]
        y = [cell[str(j)] for j in range(width)]
        return layer.backward([cell[f"g{j}"] for j in range(width)], x, y, {})[i]

    formulas: list[Any] = [lambda cell, i=i: forward(cell, i) for i in range(width)]
    formulas += [lambda cell, i=i: backward(cell, i) for i in range(len(points))]
    return [float(column[0]) for column in calculated(given, formulas)]


class OfTheSheet(torch.autograd.Function):
    """An operation whose values and derivatives are those of formulas."""

    @staticmethod
    def forward(ctx: Any, layer: Layer, *x: torch.Tensor) -> torch.Tensor:
        ctx.layer, ctx.points = layer, tuple(map(float, x))
        width = layer.outputs(len(x))
        found = in_cells(layer, ctx.points, (0.0,) * width)
        return torch.tensor(found[:width], dtype=torch.float64)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[Any, ...]:
        (grad,) = grads
        found = in_cells(ctx.layer, ctx.points, tuple(grad.tolist()))[len(grad) :]
        return (None, *(torch.tensor(v, dtype=torch.float64) for v in found))


@pytest.mark.every
@pytest.mark.parametrize("name", KINDS)
def test_slopes_are_those_of_the_values(name: str) -> None:
    layer = parse_layer(name, ARGUMENTS.get(name, ""), name)
    points, fixed = POINTS.get(name, USUAL), FIXED.get(name, ())
    x = [
        torch.tensor(v, dtype=torch.float64, requires_grad=i not in fixed)
        for i, v in enumerate(points)
    ]
    assert torch.autograd.gradcheck(
        lambda *x: OfTheSheet.apply(layer, *x), tuple(x), atol=2e-7, rtol=1e-6
    )
    # Comparisons jump, or are flat: so that nothing is left to compare of nothing.
    found = in_cells(layer, points, (1.0,) * layer.outputs(len(points)))
    assert np.isfinite(found).all()
    assert any(found[layer.outputs(len(points)) :]) != (name in ("Greater", "AtLeast", "Equal"))
