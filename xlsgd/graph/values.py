"""What cells hold while a graph is calculated: numbers of several samples, texts, and blocks of both.

A number is a tensor of shape (samples,), so that a workbook is calculated as it was saved and with
other inputs at the same time. What is no number in a cell, such as 1/0, is nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import CellError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Block",
    "NotKnown",
    "Value",
    "as_block",
    "is_number",
    "number",
    "same_in_all",
    "text_of",
]

Value = Any
"""A tensor of shape (samples,), bool or float for all samples, a text, None or a CellError."""


class NotKnown(Exception):
    """A value that cannot be calculated; says why."""


class Block:
    """Values in rows and columns.

    rows: the values, row by row, all rows of one length.
    """

    def __init__(self, rows: Sequence[Sequence[Value]]) -> None:
        self.rows = rows

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    def each(self) -> Iterator[Value]:
        """Yield all values, row by row."""
        for row in self.rows:
            yield from row

    def numbers(self) -> list[Tensor]:
        """Return the numbers, as SUM takes them: no texts, no empty cells, no truths."""
        found = []
        for value in self.each():
            if is_number(value):
                found.append(value)
            elif isinstance(value, CellError):
                raise NotKnown(f"it meets {value}")
        return found

    def mapped(self, function: Callable[[Value], Value]) -> Block:
        """Return a block of what a function makes of every value."""
        return Block([[function(value) for value in row] for row in self.rows])


def as_block(value: Value) -> Block:
    """Return a value as a block, one of a single cell if it is none."""
    return value if isinstance(value, Block) else Block([[value]])


def is_number(value: Value) -> bool:
    """Return whether a value is a number in every sample."""
    import torch

    return isinstance(value, torch.Tensor) and value.dtype != torch.bool


def number(value: Value, samples: int) -> Tensor:
    """Return a value as a number, as arithmetic takes it: an empty cell is 0, TRUE is 1.

    Raises NotKnown for a text that is no number, and for errors.
    """
    import torch

    if isinstance(value, torch.Tensor):
        return value.double()
    if isinstance(value, Block):
        if value.shape == (1, 1):
            return number(value.rows[0][0], samples)
        raise NotKnown("several cells stand where one is needed")
    if value is None:
        given = 0.0
    elif isinstance(value, (bool, float, int)):
        given = float(value)
    elif isinstance(value, str):
        try:
            given = float(value.strip().rstrip("%")) / (100 if value.strip().endswith("%") else 1)
        except ValueError:
            raise NotKnown(f"the text '{value[:30]}' stands where a number is needed") from None
    else:
        raise NotKnown(f"it meets {value}")
    return torch.full((samples,), given, dtype=torch.float64)


def same_in_all(value: Value, samples: int) -> float:
    """Return a number that decides which cell is meant: that of the workbook as it was saved."""
    found = number(value, samples).detach()
    if not bool(found[0].isfinite()):
        raise NotKnown("what says which cell is meant is no number")
    return float(found[0])


def text_of(value: Value) -> str:
    """Return a value as a text, as & joins it."""
    import torch

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, torch.Tensor):
        return f"{float(value.detach()[0]):.15g}"
    raise NotKnown(f"it meets {value}")
