"""Formulas of layers and losses, calculated by an engine for numbers that a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from openpyxl.utils import get_column_letter

from xlsgd.base.cells import Book, Formula
from xlsgd.engines.formulas import ENGINE

__all__ = ["POINTS", "calculated"]

Floats = NDArray[np.float64]

_SIZES = (
    *(1e-300, 1e-200, 1e-100, 1e-30, 1e-16, 1e-8, 1e-4, 0.01, 0.1, 0.3, 0.7, 1.0, 1.3, 2.1),
    *(2.7, 3.3, 4.0, 5.0, 6.4, 7.3, 9.0, 12.0, 19.0, 20.5, 30.0, 38.0, 50.0, 100.0, 300.0),
    *(700.0, 745.0, 800.0, 1000.0),
)
POINTS = np.array([0.0, *_SIZES, *(-size for size in _SIZES)])
"""Numbers that come in: from next to nothing to far out, and at no kink but 0."""


def calculated(
    given: Mapping[str, Floats], formulas: Sequence[Callable[[Mapping[str, str]], str]]
) -> list[Floats]:
    """Return what every formula gives in every row, nan where that is no number.

    given: names and numbers, each of shape (rows,).
    formulas: each the expression for the cells of a row; an expression sees as well what those
        before it give, as ``0``, ``1``, ….
    """
    cells: dict[tuple[int, int], float | Formula] = {}
    (rows,) = {len(values) for values in given.values()}
    columns = [*given, *map(str, range(len(formulas)))]
    letters = {name: get_column_letter(i) for i, name in enumerate(columns, 1)}
    for row in range(1, rows + 1):
        names = {name: f"{letter}{row}" for name, letter in letters.items()}
        for column, values in enumerate(given.values(), 1):
            cells[row, column] = float(values[row - 1])
        for column, formula in enumerate(formulas, len(given) + 1):
            cells[row, column] = Formula("=" + formula(names))
    values = ENGINE.calculate(Book({"s": cells})).values["s"]  # type: ignore[dict-item]

    def number(row: int, column: int) -> float:
        value = values[row, column]
        return value if isinstance(value, float) else float("nan")

    return [
        np.array([number(row, column) for row in range(1, rows + 1)])
        for column in range(len(given) + 1, len(columns) + 1)
    ]
