"""Values against expectations: which cells differ, and by how much. Names and numbers only.

What is allowed
    |sheet - expected| <= atol + rtol · |expected| + 16 · spread

where spread is how far the expected number strays when everything that it was computed from is
moved by one unit in the last place. It is what float64 itself leaves open: large where numbers
cancel, as in (loss at a + h - loss) / h, and next to nothing elsewhere. Sixteen, because eight
moved runs sample the rounding and do not bound it.

Not a number is one kind: #NUM!, #VALUE!, #DIV/0! on one side, inf and nan on the other. It never
equals a number. In a sheet it spreads to everything that looks at it, in torch it need not
(max(0, -inf) is 0): after a cell that is not finite on both sides, a cell of the same row may be
not finite in the sheet alone, and so may a cell further down that holds nothing but what such a
cell gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.cells import CellError, Position, Scalar, Uncomputed

__all__ = ["SAFETY", "Comparison", "ExpectedTable", "Tolerance", "compare", "kind_of"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Number = TypeVar("Number", float, Floats)

SAFETY = 16.0
_NUMBER, _NOT_FINITE, _TEXT, _EMPTY, _BOOL, _UNCOMPUTED = range(6)
_KINDS = ("number", "not finite", "text", "empty", "true or false", "not computed")


@dataclass(frozen=True)
class Tolerance:
    """What a comparison allows beyond what rounding explains, and why."""

    rtol: float
    atol: float
    reason: str

    def around(self, expected: Number) -> Number:
        """Return how far off what is expected may be."""
        return self.atol + self.rtol * abs(expected)


@dataclass(frozen=True)
class ExpectedTable:
    """Expected numbers for the cells of a table.

    rows: numbers of the sheet's rows.   columns: quantity to column number, in order of
    calculation.   expected, spread: quantity to numbers of shape (rows,).
    carried: quantities that hold what another one has in the row before, such as a weight.
    """

    rows: Sequence[int]
    columns: Mapping[str, int]
    expected: Mapping[str, Floats]
    spread: Mapping[str, Floats]
    carried: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """How the cells of a block compare; every array has shape (rows, quantities).

    sheet: nan where the cell holds no number.
    """

    rows: NDArray[np.int64]
    quantities: tuple[str, ...]
    columns: NDArray[np.int64]
    sheet: Floats
    expected: Floats
    allowed: Floats
    ok: Flags

    @property
    def off(self) -> Floats:
        """How far each number is off; nan where one side is no number."""
        with np.errstate(all="ignore"):
            return np.abs(self.sheet - self.expected)

    @property
    def relative(self) -> Floats:
        """How far each number is off, as a share of the expected one."""
        with np.errstate(all="ignore"):
            return np.where(self.off == 0, 0.0, self.off / np.abs(self.expected))

    def position(self, row: int, column: int) -> Position:
        """Return the cell of an entry of the arrays."""
        return int(self.rows[row]), int(self.columns[column])


def kind_of(value: Scalar | Uncomputed) -> int:
    """Return the kind of a value as a small number; ``_KINDS`` names them."""
    if isinstance(value, float):
        return _NUMBER if np.isfinite(value) else _NOT_FINITE
    if isinstance(value, CellError):
        return _NOT_FINITE
    if isinstance(value, Uncomputed):
        return _UNCOMPUTED
    if value is None:
        return _EMPTY
    return _BOOL if isinstance(value, bool) else _TEXT


def kind_name(kind: int) -> str:
    """Return the words for a kind."""
    return _KINDS[kind]


def compare(
    block: ExpectedTable, cells: Mapping[Position, Scalar | Uncomputed], tolerance: Tolerance
) -> Comparison:
    """Compare the cells of a table with what is expected of them.

    cells: value of every cell that holds something.
    """
    names = tuple(block.columns)
    rows = np.asarray(block.rows, dtype=np.int64)
    columns = np.asarray(list(block.columns.values()), dtype=np.int64)
    shape = (len(rows), len(names))
    sheet = np.full(shape, np.nan)
    kinds = np.full(shape, _NUMBER, dtype=np.int8)
    for j, column in enumerate(block.columns.values()):
        for i, row in enumerate(block.rows):
            value = cells.get((row, column))
            if type(value) is float:
                sheet[i, j] = value
            else:
                kinds[i, j] = kind_of(value)
    kinds[(kinds == _NUMBER) & ~np.isfinite(sheet)] = _NOT_FINITE
    expected = np.stack([block.expected[name] for name in names], axis=1)
    spread = np.stack([block.spread[name] for name in names], axis=1)
    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        allowed = tolerance.around(expected) + SAFETY * spread
        close = finite & (np.abs(sheet - expected) <= allowed)
    not_finite = kinds == _NOT_FINITE
    both = not_finite & ~finite
    spreading = np.maximum.accumulate(both, axis=1) if both.any() else both
    excused = both | (not_finite & spreading)
    if excused.any():
        for name, before in block.carried.items():
            j, k = names.index(name), names.index(before)
            excused[1:, j] |= not_finite[1:, j] & excused[:-1, k]
    ok = ((kinds == _NUMBER) & close) | excused
    return Comparison(rows, names, columns, sheet, expected, allowed, ok)
