"""Other numbers for the cells of a workbook: what always agrees does so by its formulas.

Sample 0 is the workbook as it was saved. In the others numbers move by up to a fifth, those
between 0 and 1 on the scale of log-odds, so that they stay there. Numbers that decide which way a
formula goes (a condition, a place to look up, a rounding) stay, and so do zeros and ones, which are
as a rule no quantities but classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from xlsgd.foreign.terms import operands_of
from xlsgd.formula.tree import Node, nodes_of
from xlsgd.graph.cells import Cell, Cells

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SAMPLES", "as_tensor", "held_samples", "leaf_samples"]

SAMPLES = 4
MOVES = 0.2

DECIDING = frozenset(
    (
        "CEILING",
        "CEILING.MATH",
        "CHOOSE",
        "COUNTIF",
        "COUNTIFS",
        "FLOOR",
        "HLOOKUP",
        "INDEX",
        "INT",
        "LOOKUP",
        "MATCH",
        "MOD",
        "OFFSET",
        "ROUND",
        "ROUNDDOWN",
        "ROUNDUP",
        "TRUNC",
        "VLOOKUP",
        "XLOOKUP",
    )
)
"""Functions whose arguments say which way to go, not how much."""


def leaf_samples(cells: Cells, rng: np.random.Generator) -> dict[Cell, np.ndarray]:
    """Return samples for the numbers that formulas look at."""
    used = {p for found in cells.precedents.values() for p in found if p not in cells.precedents}
    stay = set(_deciding(cells))
    found = {}
    for cell in sorted(used - stay):
        content = cells.contents.get(cell)
        if isinstance(content, float) and not isinstance(content, bool) and content not in (0, 1):
            found[cell] = _moved(content, rng)
    return found


def held_samples(saved: float | None, positive: bool, rng: np.random.Generator) -> np.ndarray:
    """Return samples for a weight or a memory: whatever it may be, of a moderate size."""
    if saved is None or not np.isfinite(saved) or abs(saved) > 1e6:
        saved = 1.0
    found = saved * (1 + rng.uniform(-0.3, 0.3, SAMPLES)) + rng.uniform(-0.1, 0.1, SAMPLES)
    found[0] = saved
    return np.abs(found) + (found == 0) * 0.1 if positive else found


def as_tensor(values: np.ndarray) -> Tensor:
    """Return samples as a tensor."""
    import torch

    return torch.tensor(values, dtype=torch.float64)


def _moved(value: float, rng: np.random.Generator) -> np.ndarray:
    moves = rng.uniform(-MOVES, MOVES, SAMPLES)
    moves[0] = 0
    found: np.ndarray
    if 0 < value < 1:
        odds = np.log(value / (1 - value)) + 2 * moves
        found = 1 / (1 + np.exp(-odds))
    else:
        found = value * (1 + moves)
    found[0] = value
    return found


def _deciding(cells: Cells) -> Iterable[Cell]:
    trees: dict[int, frozenset[int]] = {}
    for cell, written in cells.written.items():
        operands = trees.get(id(written.tree))
        if operands is None:
            operands = trees[id(written.tree)] = frozenset().union(
                *(operands_of(part) for part in _deciding_parts(written.tree))
            )
        for number in operands:
            slot = written.slots[number]
            if slot.kind in ("cell", "range"):
                sheet, area = cells.operand(cell, slot)
                yield from cells.inside(sheet, area)


def _deciding_parts(tree: Node) -> Iterable[Node]:
    for node in nodes_of(tree):
        if node.kind == "call" and node.value in DECIDING:
            yield node
        elif node.kind == "call" and node.value in ("IF", "IFS"):
            yield node.parts[0]
        elif node.kind == "operator" and node.value in ("=", "<>"):
            yield node
