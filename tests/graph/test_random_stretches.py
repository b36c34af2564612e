"""Formulas made up by chance, filled down: together they come to what each comes to alone."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines.test_random_formulas import ROWS, draw_grid, expressions
from xlsgd.base.cells import Book, Formula, WorkbookFile
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.evaluate import Evaluation

given_cells = st.integers(0, 2**20), st.sampled_from([0.0, 0.0, 0.05, 0.4])


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(expressions, *given_cells)
def test_formulas_together_come_to_what_each_comes_to(
    template: str, seed: int, others: float
) -> None:
    texts = {(r, 10): Formula("=" + template.format(r=r, p=r - 1, q=r - 2)) for r in ROWS}
    book = Book({"S": {**draw_grid(Random(seed), others), **texts}})
    cells = Cells(WorkbookFile(Path("made up.xlsx"), book, {"S": {}}))
    together, apart = (Evaluation(cells, 2, stretches=way) for way in (True, False))
    for found in (together, apart):
        found.run()
    assert together.unknown == apart.unknown
    for place in texts:
        cell = Cell("s", *place)
        if cell not in apart.unknown:
            assert alike(together.values[cell], apart.values[cell]), texts[place]


def alike(a: Any, b: Any) -> bool:
    """Return whether two values are the same; all errors are alike."""
    if not isinstance(a, torch.Tensor) or not isinstance(b, torch.Tensor):
        return (broken(a) and broken(b)) or (type(a) is type(b) and a == b)
    if a.dtype != b.dtype:
        return False
    if a.dtype == torch.bool:
        return torch.equal(a, b)
    fine = a.isfinite()
    return torch.equal(fine, b.isfinite()) and torch.allclose(a[fine], b[fine], rtol=1e-13, atol=0)


def broken(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.dtype == torch.float64 and not bool(value.isfinite().any())
    return type(value).__name__ == "CellError"
