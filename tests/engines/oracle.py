"""What formulas itself gives for a formula, asked in the plainest way: the judge of all tests.

Nothing here is shared with the engine: the formula keeps its own references, and each call
parses it anew.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import formulas
import numpy as np
import schedula
from formulas.tokens.operand import Error

from xlsgd.base.cells import CellError, Grid, Scalar

logging.getLogger("schedula.utils.sol").disabled = True


def by_formulas(text: str, grid: Grid, cell: str = "Z99") -> Scalar:
    """Return the value of a formula in a cell, whose references are to cells of grid."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        here = {formulas.CELL: formulas.Ranges().push(cell)}
        function = formulas.Parser().ast(text)[1].compile(**here)
        result = function(*[_filled(areas, grid) for areas in function.inputs.values()])
    return as_cell(result)


def _filled(areas: Any, grid: Grid) -> Any:
    (area,) = areas.ranges
    top, bottom = int(area["r1"]), int(area["r2"])
    array = np.empty((bottom - top + 1, area["n2"] - area["n1"] + 1), object)
    for row in range(array.shape[0]):
        for column in range(array.shape[1]):
            array[row, column] = _filling(grid.get((top + row, area["n1"] + column)))
    return formulas.Ranges((area,), {area["name"]: (area, array)})


def _filling(value: object) -> Any:
    if value is None:
        return schedula.EMPTY
    return Error.errors[value.code] if isinstance(value, CellError) else value


def as_cell(result: Any) -> Scalar:
    """Turn what formulas gives into what a cell holds; no number that is not finite is one."""
    while isinstance(result, (np.ndarray, formulas.Ranges)):
        result = np.ravel(getattr(result, "value", result))
        assert len(result) == 1
        result = result[0]
    if result is schedula.EMPTY:
        return 0.0
    if isinstance(result, formulas.XlError):
        return CellError(str(result))
    if isinstance(result, (bool, np.bool_)):
        return bool(result)
    if isinstance(result, str):
        return str(result)
    if isinstance(result, complex) or not np.isfinite(result):
        return CellError("#NUM!")
    return float(result)


def same(value: object, other: object) -> bool:
    """Return whether two values agree in kind and to the last bit."""
    return type(value) is type(other) and repr(value) == repr(other)
