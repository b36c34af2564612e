"""Tensors of names: what a module does to numbers, done to what the numbers are called.

An array of names has the shape of the tensor that it stands for, of one row of data: its first
dimension is 1. What only moves numbers, as reshaping or indexing does, moves the names, and costs
no cell. A name may also be a number, written out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Names", "Truths", "as_names", "named", "number"]

Names = NDArray[np.object_]


class Truths(np.ndarray[Any, np.dtype[np.object_]]):
    """Names of numbers that are 1 or 0, and to PyTorch True or False, until they are cast."""


def as_names(names: Sequence[str], shape: Sequence[int]) -> Names:
    """Return names one after the other as an array of a shape."""
    found = np.empty(len(names), dtype=object)
    found[:] = names
    return found.reshape(shape)


def named(name: str, shape: Sequence[int]) -> Names:
    """Return the array for a value of that name: ``h_1``, ``h_2``; dimensions of size 1 need no
    number."""
    found = np.empty(shape, dtype=object)
    for at in np.ndindex(*shape):
        ends = [str(i + 1) for i, size in zip(at, shape, strict=True) if size > 1]
        found[at] = "_".join([name, *ends])
    return found


def number(value: Any) -> str:
    """Return a number as it stands among names.  Raises ValueError for one that is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"the number {value}, which no sheet has; take a large one, such as 1e9")
    return (
        f"{int(value)}" if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )
