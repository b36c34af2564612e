"""What cells hold while a graph is calculated: numbers of several samples, texts, blocks of both.

A number is a tensor of shape (samples,), so that a workbook is calculated as it was saved and with
other inputs at the same time. Where the cells of a stretch are calculated together, it is one of
shape (cells, samples), or whatever of the two is the same for all. What is no number in a cell,
such as 1/0, is not finite: nan or infinite, in the samples in which it is none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import CellError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Array",
    "ByCell",
    "Erroneous",
    "NotKnown",
    "Value",
    "alike",
    "all_finite",
    "as_block",
    "block_of",
    "has_zero",
    "is_number",
    "number",
    "of_several",
    "one_number",
    "same_in_all",
    "saved_numbers",
    "text_of",
    "together",
    "total",
]

Value = Any
"""A tensor, bool or float for all samples, a text, None or a CellError."""

_DATE = re.compile(r"\d[-/:.]\w")

_FEW = 32
"""Numbers that are sooner looked at one by one than by torch."""


class NotKnown(Exception):
    """A value that cannot be calculated; says why."""


class Erroneous(Exception):
    """An error that a formula comes to, such as #VALUE!, which it may catch by IFERROR."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.error = CellError(code)


class ByCell(Exception):
    """Cells that cannot be calculated together: what they come to is not all of one kind."""


class Array:
    """Values in rows and columns.

    rows: the values, row by row, all rows of one length.   tensor: all of them, where all are
    numbers (or all truths): rows × columns × the shape of a number.
    """

    __slots__ = ("_rows", "tensor")

    def __init__(
        self, rows: Sequence[Sequence[Value]] | None = None, tensor: Tensor | None = None
    ) -> None:
        self._rows = rows
        self.tensor = tensor

    @property
    def rows(self) -> Sequence[Sequence[Value]]:
        if self._rows is None:
            assert self.tensor is not None
            self._rows = [row.unbind() for row in self.tensor.unbind()]
        return self._rows

    @property
    def shape(self) -> tuple[int, int]:
        if self.tensor is not None:
            return self.tensor.shape[0], self.tensor.shape[1]
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    def at(self, row: int, column: int) -> Value:
        """Return one value, counted from 0; there is one row or column for all if there is one."""
        rows, columns = self.shape
        row, column = (0 if rows == 1 else row), (0 if columns == 1 else column)
        if self._rows is None and self.tensor is not None:
            return self.tensor[row, column]
        return self.rows[row][column]

    def each(self) -> Iterator[Value]:
        """Yield all values, row by row."""
        for row in self.rows:
            yield from row

    def numbers(self) -> Tensor | None:
        """Return the numbers, as SUM takes them, along the first dimension: no texts, no empty
        cells, no truths; an error is nan."""
        import torch

        if self.tensor is not None:
            if self.tensor.dtype == torch.bool:
                return None
            return self.tensor.flatten(0, 1)
        found = [x for x in self.each() if is_number(x) or isinstance(x, CellError)]
        return together(found) if found else None

    def mapped(self, function: Callable[[Value], Value]) -> Array:
        """Return a block of what a function makes of every value, or of all at once."""
        if self.tensor is not None:
            return Array(tensor=function(self.tensor))
        return block_of([[function(value) for value in row] for row in self.rows])

    def transposed(self) -> Array:
        if self.tensor is not None:
            return Array(tensor=self.tensor.transpose(0, 1))
        return Array(list(zip(*self.rows, strict=True)))


def block_of(rows: Sequence[Sequence[Value]]) -> Array:
    """Return a block, as one tensor if all its values are numbers."""
    import torch

    flat = [x for row in rows for x in row]
    tensors = [x for x in flat if isinstance(x, torch.Tensor) and x.dtype == torch.float64]
    if not flat or len(tensors) < len(flat):
        return Array(rows)
    stacked = together(flat)
    return Array(tensor=stacked.reshape(len(rows), len(rows[0]), *stacked.shape[1:]))


def as_block(value: Value) -> Array:
    """Return a value as a block, one of a single cell if it is none."""
    return value if isinstance(value, Array) else Array([[value]])


def together(values: Sequence[Value]) -> Tensor:
    """Return numbers along a new first dimension; an error is nan."""
    import torch

    first = values[0]
    try:
        return torch.stack(values)  # type: ignore[arg-type]
    except (RuntimeError, TypeError):
        # Of different shapes, where some are the same for all cells; or some are no tensors.
        for value in values:
            if isinstance(value, torch.Tensor) and value.dim() >= getattr(first, "ndim", 0):
                first = value
        samples = first.shape[-1] if isinstance(first, torch.Tensor) else 1
        return torch.stack(alike([number(x, samples) for x in values]))


def alike(numbers: Sequence[Tensor]) -> list[Tensor]:
    """Return numbers in one shape, where some are the same for all cells."""
    most = max(x.dim() for x in numbers)
    shapes = [(1,) * (most - x.dim()) + tuple(x.shape) for x in numbers]
    shape = [max(sizes) for sizes in zip(*shapes, strict=True)]
    return [x.expand(shape) for x in numbers]


def total(numbers: Tensor) -> Tensor:
    """Return the sum along the first dimension, one after the other as a spreadsheet adds them."""
    return numbers.cumsum(0)[-1]


def is_number(value: Value) -> bool:
    """Return whether a value is a number in every sample."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.dtype != torch.bool
    return isinstance(value, float)


def number(value: Value, samples: int) -> Tensor:
    """Return a value as a number, as arithmetic takes it: an empty cell is 0, TRUE is 1, a text
    that says a number is this number, an error is nan.

    Raises Erroneous for another text.
    """
    import torch

    if isinstance(value, torch.Tensor):
        return value if value.dtype == torch.float64 else value.double()
    if isinstance(value, Array):
        if value.shape == (1, 1):
            return number(value.at(0, 0), samples)
        raise Erroneous("#VALUE!", "several cells stand where one is needed")
    return torch.full((samples,), plain_number(value), dtype=torch.float64)


def plain_number(value: Value) -> float:
    """Return what is the same number in all samples."""
    if value is None:
        return 0.0
    if isinstance(value, (bool, float, int)):
        return float(value)
    if isinstance(value, str):
        return _written_number(value)
    return math.nan


def _written_number(text: str) -> float:
    """Return the number that a text says: ``12``, ``1,200.5``, ``50%``, ``$3``, ``(3)``."""
    bare = text.strip()
    share = 100.0 if bare.endswith("%") else 1.0
    bare = bare.rstrip("%").strip()
    sign = 1.0
    if bare.startswith("(") and bare.endswith(")"):
        bare, sign = bare[1:-1], -1.0
    bare = bare.replace("$", "", 1).replace("−", "-")
    groups = bare.split(".")[0].lstrip("+-").split(",")
    if len(groups) > 1 and groups[0] and all(len(each) == 3 for each in groups[1:]):
        bare = bare.replace(",", "")
    try:
        if "_" in bare or not bare[-1:].isascii() or bare[-1:].isalpha():
            raise ValueError
        return sign * float(bare) / share
    except ValueError:
        why = f"the text '{text[:30]}' stands where a number is needed"
        if _DATE.search(bare):
            raise NotKnown(f"{why}; it may be a date or a time") from None
        raise Erroneous("#VALUE!", why) from None


def of_several(value: Tensor) -> bool:
    """Return whether a number, or a block of numbers, is one of several cells at once."""
    return value.dim() in (2, 4)


def all_finite(value: Tensor) -> bool:
    """Return whether all of a tensor are numbers as cells can hold them."""
    if value.dim() == 1 and len(value) <= _FEW:
        return all(map(math.isfinite, value.tolist()))
    return bool(value.detach().isfinite().all())


def has_zero(value: Tensor) -> bool:
    """Return whether there is a number that nothing can be divided by: 0, or no finite one."""
    if value.dim() == 1 and len(value) <= _FEW:
        return not all(x and math.isfinite(x) for x in value.tolist())
    bare = value.detach()
    return not bool(((bare != 0) & bare.isfinite()).all())


def one_number(value: Value, samples: int) -> float:
    """Return what a number is in the workbook as it was saved; nan for an error.

    Raises ByCell where it differs from cell to cell.
    """
    import torch

    if not isinstance(value, (torch.Tensor, Array)):
        return plain_number(value)
    found = number(value, samples).detach()
    if found.dim() > 1:
        saved = found[..., 0].flatten()
        if not bool((saved == saved[0]).all()):
            raise ByCell
        return float(saved[0])
    return float(found[0])


def saved_numbers(block: Array) -> list[float] | None:
    """Return the numbers of a block as they were saved, row by row; None if it has others too, or
    if they differ from cell to cell."""
    tensor = block.tensor
    if tensor is None or not is_number(tensor) or (tensor.dim() > 3 and tensor.shape[2] > 1):
        return None
    return tensor.detach()[..., 0].flatten().tolist()


def same_in_all(value: Value, samples: int) -> float:
    """Return a number that decides which cell is meant: that of the workbook as it was saved."""
    found = one_number(value, samples)
    if not math.isfinite(found):
        raise Erroneous("#VALUE!", "what says which cell is meant is no number")
    return found


def text_of(value: Value) -> str:
    """Return a value as a text, as & joins it."""
    import torch

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
        return "TRUE" if one_number(value, value.shape[-1]) else "FALSE"
    if isinstance(value, (torch.Tensor, float)):
        return _written(one_number(value, 1))
    if isinstance(value, CellError):
        raise Erroneous(value.code, f"it meets {value}")
    raise Erroneous("#VALUE!", "several cells stand where one is needed")


def _written(number: float) -> str:
    """Return a number as a cell without a format shows it to its 15 digits."""
    if not math.isfinite(number):
        raise Erroneous("#NUM!", "what is joined to a text is no number")
    if number == 0:
        return "0"
    digits = f"{number:.14E}"
    mantissa, exponent = digits.split("E")
    if -10 < int(exponent) < 21:
        plain = f"{float(f'{number:.15g}'):.{max(0, 14 - int(exponent))}f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}E{exponent[0]}{exponent[1:].zfill(2)}"
