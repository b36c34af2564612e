"""Functions of blocks: products of matrices, sums of products, blocks beside each other."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from xlsgd.base.cells import CellError
from xlsgd.graph.named import takes_arrays
from xlsgd.graph.values import (
    Array,
    Erroneous,
    Value,
    as_block,
    block_of,
    is_number,
    number,
    same_in_all,
    together,
    total,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__: list[str] = []


def _numbers_by_place(samples: int, values: Sequence[Value]) -> list[Tensor]:
    """Return blocks of one size as numbers along the first dimension; what is no number is 0."""
    import torch

    blocks = [as_block(value) for value in values]
    if len({block.shape for block in blocks}) != 1:
        raise Erroneous("#VALUE!", "ranges of different sizes are calculated with each other")
    found = []
    for block in blocks:
        if block.tensor is not None and block.tensor.dtype == torch.float64:
            found.append(block.tensor.flatten(0, 1))
        else:
            each = [x if is_number(x) or isinstance(x, CellError) else None for x in block.each()]
            found.append(together([number(x, samples) for x in each]))
    return found


@takes_arrays("SUMPRODUCT")
def _sumproduct(samples: int, *values: Value) -> Value:
    return total(reduce(operator.mul, _numbers_by_place(samples, values)))


@takes_arrays("SUMXMY2")
def _sumxmy2(samples: int, a: Value, b: Value) -> Value:
    x, y = _numbers_by_place(samples, (a, b))
    return total((x - y) * (x - y))


@takes_arrays("SUMX2MY2")
def _sumx2my2(samples: int, a: Value, b: Value) -> Value:
    x, y = _numbers_by_place(samples, (a, b))
    return total(x * x - y * y)


@takes_arrays("SUMX2PY2")
def _sumx2py2(samples: int, a: Value, b: Value) -> Value:
    x, y = _numbers_by_place(samples, (a, b))
    return total(x * x + y * y)


def _matrix(samples: int, value: Value) -> Tensor:
    """Return a block as matrices of numbers, shape (…, samples, rows, columns)."""
    import torch

    block = as_block(value)
    tensor = block.tensor
    if tensor is None or tensor.dtype != torch.float64:
        if any(x is None or isinstance(x, (str, bool)) for x in block.each()):
            raise Erroneous("#VALUE!", "a matrix has a cell that holds no number")
        rows = [together([number(x, samples) for x in row]) for row in block.rows]
        tensor = together(rows)
    return tensor.movedim((0, 1), (-2, -1))


def _block(matrix: Tensor) -> Array:
    return Array(tensor=matrix.movedim((-2, -1), (0, 1)))


@takes_arrays("MMULT")
def _mmult(samples: int, a: Value, b: Value) -> Value:
    left, right = _matrix(samples, a), _matrix(samples, b)
    if left.shape[-1] != right.shape[-2]:
        raise Erroneous("#VALUE!", "MMULT of matrices that do not fit together")
    return _block(left @ right)


@takes_arrays("TRANSPOSE")
def _transpose(samples: int, value: Value) -> Value:
    return as_block(value).transposed()


@takes_arrays("MUNIT")
def _munit(samples: int, size: Value) -> Value:
    n = int(same_in_all(size, samples))
    return block_of([[number(float(r == c), samples) for c in range(n)] for r in range(n)])


@takes_arrays("MINVERSE")
def _minverse(samples: int, value: Value) -> Value:
    import torch

    matrix = _square(samples, value)
    try:
        return _block(torch.linalg.inv(matrix))
    except RuntimeError:
        raise Erroneous("#NUM!", "a matrix has no inverse") from None


@takes_arrays("MDETERM")
def _mdeterm(samples: int, value: Value) -> Value:
    return _square(samples, value).det()


def _square(samples: int, value: Value) -> Tensor:
    matrix = _matrix(samples, value)
    if matrix.shape[-1] != matrix.shape[-2]:
        raise Erroneous("#VALUE!", "a matrix is not square")
    return matrix


@takes_arrays("SEQUENCE")
def _sequence(
    samples: int, rows: Value, columns: Value = 1.0, start: Value = 1.0, step: Value = 1.0
) -> Value:
    m, n = int(same_in_all(rows, samples)), int(same_in_all(columns, samples))
    first, each = number(start, samples), number(step, samples)
    return block_of([[first + each * float(r * n + c) for c in range(n)] for r in range(m)])


@takes_arrays("VSTACK")
def _vstack(samples: int, *values: Value) -> Value:
    blocks = [as_block(value) for value in values]
    width = max(block.shape[1] for block in blocks)
    rows = [list(row) for block in blocks for row in block.rows]
    return block_of([row + [CellError("#N/A")] * (width - len(row)) for row in rows])


@takes_arrays("HSTACK")
def _hstack(samples: int, *values: Value) -> Value:
    stacked = _vstack(samples, *(as_block(value).transposed() for value in values))
    return as_block(stacked).transposed()


def _line(down: bool) -> str:
    return "TOCOL" if down else "TOROW"


for _down in (True, False):

    @takes_arrays(_line(_down))
    def _to_line(samples: int, value: Value, *_rest: Value, down: bool = _down) -> Value:
        each = list(as_block(value).each())
        return block_of([[x] for x in each] if down else [each])
