"""Formulas as Python functions of a whole column, made from generated source.

Where no row needs another, ``=D9*$B$5`` filled down becomes::

    def make(numbers, texts, truths, c0, o0, c1, o1):
        def column(first, end):
            a0 = numbers(c0, first, end)
            a1 = c1[o1]
            t1 = a0 * a1
            if not all_of(isfinite(t1)): raise Doubt
            return whole(t1, end - first)
        return column

It is called with the first row and the one after the last, and returns an array of numbers or of
truth values.  A column with a cell in it that is no number, or whatever else is in doubt, raises an
exception: then the rows are calculated one by one, as in compiled.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.engines.fast.column_rules import COLUMN_RULES
from xlsgd.engines.fast.functions import TESTS
from xlsgd.engines.fast.kinds import NUMBER, NUMBERS, TEXT, TRUTH, Doubt, Unable
from xlsgd.engines.fast.rules import FROM_NUMPY
from xlsgd.engines.fast.source import Source, indented, made, or_unable
from xlsgd.engines.fast.writer import Writer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["Arrays", "ColumnFunction", "ColumnMaker", "compile_column"]

ColumnFunction = Callable[[int, int], "Array"]
"""Called with the first row and the one after the last; returns their values, or raises."""

ColumnMaker = Callable[..., ColumnFunction]
"""Called with the three readers of Arrays, and with two things for every operand, as a Maker."""

_READER = {NUMBER: "numbers", TEXT: "texts", TRUTH: "truths"}

_READ = {
    "same row": "a{i} = {reader}(c{i}, first, end)",
    "other row": "a{i} = {reader}(c{i}, first + o{i}, end + o{i})",
    "fixed row": "a{i} = c{i}[o{i}]",
    "row number": "a{i} = arange(first + o{i}, end + o{i}, dtype=float)",
    "given": "a{i} = c{i}",
}
"""The ways of READ in compiled.py that a column can be read in."""


class Arrays:
    """Columns of cells as arrays, which are kept: what is computed is soon looked at."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Array]] = {}  # by the id of a dict from row to float

    def numbers(self, column: dict[int, float], first: int, end: int) -> Array:
        """Return the numbers in these rows.  Raises KeyError where there is none."""
        kept = self._kept.get(id(column))
        if kept is not None:
            begin, array = kept
            if begin <= first and end <= begin + len(array):
                return array[first - begin : end - begin]
        array = np.array([column[row] for row in range(first, end)])
        self.keep(column, first, array)
        return array

    def keep(self, column: dict[int, float], first: int, array: Array) -> None:
        """Keep what a column holds from a row on."""
        self._kept[id(column)] = first, array

    @staticmethod
    def texts(column: dict[int, object], first: int, end: int) -> list[object]:
        """Return the texts in these rows.  Raises KeyError or Doubt where there is none."""
        found = [column[row] for row in range(first, end)]
        if set(map(type, found)) != {str}:
            raise Doubt
        return found

    @staticmethod
    def truths(column: dict[int, object], first: int, end: int) -> Array:
        """Return the truth values in these rows.  Raises KeyError or Doubt where there is none."""
        found = [column[row] for row in range(first, end)]
        if set(map(type, found)) != {bool}:
            raise Doubt
        return np.array(found)


class _ColumnWriter(Writer):
    """Writes lines for whole columns."""

    rules = COLUMN_RULES

    def not_finite(self, number: str) -> str:
        return f"not all_of(isfinite({number}))"

    def number_of_truth(self, truth: str) -> str:
        return f"where({truth}, 1.0, 0.0)"


def compile_column(source: Source) -> ColumnMaker:
    """Return what makes the function of a column from the places of its operands.

    Raises Unable if its rows have to be calculated one by one.
    """
    with or_unable():
        writer = _ColumnWriter(source.expression, source.kinds, source.sizes)
        value = writer.write()
        if value.kind not in (NUMBER, TRUTH):
            raise Unable("texts")
        read = [
            _reading(source, i, writer.taken_apart.get(f"a{i}")) for i in range(len(source.reads))
        ]
        parameters = "".join(f", c{i}, o{i}" for i in range(len(source.reads)))
        body = indented([*read, *writer.lines, f"return whole({value.text}, end - first)"], 2)
        text = f"def column(first, end):\n{body}    return column\n"
        maker: ColumnMaker = made(
            f"def make(numbers, texts, truths{parameters}):\n    {text}", _NAMES
        )
    return maker


def _reading(source: Source, i: int, elements: int | None) -> str:
    """Return the line that reads an operand.

    elements: how many elements of a range have names of their own.
    """
    read, kind = source.reads[i], source.kinds[i]
    if kind == NUMBERS and elements is not None:
        names = ", ".join(f"a{i}e{j}" for j in range(elements))
        if read == "given":
            return f"{names}, = c{i}"
        if read == "moving row":
            return f"{names}, = [numbers(c, first + o{i}, end + o{i}) for c in c{i}]"
    # What is no number is looked at cell by cell.
    if read in _READ and (kind == NUMBER or (kind in _READER and "reader" in _READ[read])):
        return _READ[read].format(i=i, reader=_READER[kind])
    raise Unable("operands that are no columns")


def _whole(value: object, rows: int) -> Array:
    """Return a column; raise Doubt if it is something that is the same in all rows."""
    if isinstance(value, np.ndarray) and value.shape == (rows,):
        return value
    raise Doubt


def _passing(texts: list[str], compare: str, text: str) -> Array:
    """Return which texts compare so with a text, without regard to case."""
    test, upper = TESTS[compare], text.upper()
    known = {each: test(each.upper(), upper) for each in set(texts)}  # mostly a few words
    return np.array([known[each] for each in texts])


def _powers(x: Array | float, y: Array | float) -> Array:
    """As Python's float, whose last bits are not those of NumPy's arrays, and which raises an
    OverflowError where NumPy's numbers become inf."""
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        found = [a**b for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    elif isinstance(x, np.ndarray):
        exponent = float(y)
        found = [a**exponent for a in x.tolist()]
    elif isinstance(y, np.ndarray):
        base = float(x)
        found = [base**b for b in y.tolist()]
    else:
        raise Doubt
    array = np.array(found)
    if array.dtype != float:  # (-8.0) ** (1/3) is complex
        raise Doubt
    return array


_NAMES: Mapping[str, Any] = {
    "__builtins__": {},
    "Doubt": Doubt,
    "abs": abs,
    "all_of": np.all,
    "any_of": np.any,
    "arange": np.arange,
    "float": float,
    "floor": np.floor,
    "isfinite": np.isfinite,
    "logical_and": np.logical_and,
    "logical_not": np.logical_not,
    "logical_or": np.logical_or,
    "passing": _passing,
    "powers": _powers,
    "sqrt": np.sqrt,
    "where": np.where,
    "whole": _whole,
    **{name: getattr(np, name) for name in FROM_NUMPY.values()},
}
"""What generated code may call."""
