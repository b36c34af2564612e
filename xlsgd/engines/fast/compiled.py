"""Formulas as Python functions of the row, made from generated source.

``=D9*$B$5`` with numbers in both cells becomes::

    def make(c0, o0, c1, o1):
        def formula(r):
            a0 = c0[r]
            a1 = c1[o1]
            t1 = a0 * a1
            if t1 - t1 != 0.0: raise Doubt
            return t1
        return formula

``c0`` holds the numbers of column D, a dict from row to float, and nothing else: a cell that is
empty, not computed yet or not a number is not in it, and the KeyError says so at no other cost.
All operands are read at the start, those of a branch of IF that is not taken too, so that what a
cell waits for does not depend on the values.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from xlsgd.cells import CellError
from xlsgd.engines.fast.expression import Expression
from xlsgd.engines.fast.kinds import ERROR, TEXT, TRUTH, Doubt, Unable
from xlsgd.engines.fast.rules import FROM_NUMPY
from xlsgd.engines.fast.writer import Size, Writer

__all__ = ["READ", "Formula", "Maker", "compile_formula"]

Formula = Callable[[int], Any]
"""Called with the row of a cell; returns its value, or raises anything at all if in doubt."""

Maker = Callable[..., Formula]
"""Called with two things for every operand, ``c`` and ``o``; what they are is told in READ."""

_MOVING = "a{i} = [c[k] for k in range({top}, {bottom}) for c in c{i}]"

READ = {
    # c: a column, from row to value.  o: a row, or what to add to the formula's.
    "same row": "a{i} = c{i}[r]",
    "other row": "a{i} = c{i}[r + o{i}]",
    "fixed row": "a{i} = c{i}[o{i}]",
    # o: what to add to the formula's row.
    "row number": "a{i} = float(r + o{i})",
    # c: the operand itself.
    "given": "a{i} = c{i}",
    # c: columns.  o: first row and the one after the last, or what to add to the formula's.
    "moving": _MOVING.format(i="{i}", top="r + o{i}[0]", bottom="r + o{i}[1]"),
    "moving bottom": _MOVING.format(i="{i}", top="o{i}[0]", bottom="r + o{i}[1]"),
    "moving top": _MOVING.format(i="{i}", top="r + o{i}[0]", bottom="o{i}[1]"),
    "not read": "",
}
"""The ways in which operand i is read, and their lines of Python."""

_CLASS = {TEXT: "str", TRUTH: "bool", ERROR: "CellError"}


def compile_formula(
    expression: Expression, kinds: Sequence[str], sizes: Mapping[int, Size], reads: Sequence[str]
) -> Maker:
    """Return what makes the function of a formula from the places of its operands.

    kinds, sizes: see ``Writer``.  reads: for every operand, a key of READ.
    Raises Unable if formulas itself has to calculate it.
    """
    writer = Writer(expression, kinds, sizes)
    try:
        writer.write()
        body = [READ[read].format(i=i) for i, read in enumerate(reads)]
        for i, (kind, read) in enumerate(zip(kinds, reads, strict=True)):
            if kind in _CLASS and read != "given":
                body.append(f"if a{i}.__class__ is not {_CLASS[kind]}: raise Doubt")
            if read in ("moving bottom", "moving top"):  # A5:A$9 below row 9 is upside down
                body.append(f"if not a{i}: raise Doubt")
        lines = "".join(f"        {line}\n" for line in body + writer.lines)
        parameters = ", ".join(f"c{i}, o{i}" for i in range(len(reads)))
        source = f"def make({parameters}):\n    def formula(r):\n{lines}    return formula\n"
        names: dict[str, Any] = dict(_NAMES)
        exec(compile(source, "<formula>", "exec"), names)
    except (RecursionError, MemoryError, SyntaxError, UnicodeError) as error:
        # Nested deeper than Python's compiler goes, or text that cannot stand in source.
        raise Unable(str(error)) from error
    maker: Maker = names["make"]
    return maker


# --- what generated code may call ----------------------------------------------------------------


def _as_text(value: object) -> str:
    """As formulas joins texts: 2.0 is "2"."""
    if type(value) is float and value.is_integer():
        return str(int(value))
    if type(value) in (float, str):
        return str(value)
    raise Doubt


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _add_up(numbers: list[float]) -> float:
    return float(np.sum(np.array(numbers)))


def _mean(numbers: list[float]) -> float:
    return float(np.mean(numbers))


def _add_products(ranges: list[list[float]]) -> float:
    return float(np.sum(np.prod(np.array(ranges), axis=0)))


def _matrix_product(x: list[float], y: list[float], inner: int, columns: int) -> list[float]:
    """As NumPy multiplies matrices of objects: term by term, from the first to the last."""
    if not inner or len(x) % inner or len(y) != inner * columns:
        raise Doubt
    found = []
    for begin in range(0, len(x), inner):
        for column in range(columns):
            total = x[begin] * y[column]
            for i in range(1, inner):
                total += x[begin + i] * y[i * columns + column]
            if total - total != 0.0:
                raise Doubt
            found.append(total)
    return found


def _chosen(numbers: list[float], criterion: float, values: list[object]) -> list[object]:
    chosen = [value for number, value in zip(numbers, values, strict=True) if number == criterion]
    if not chosen or any(type(value) is not float for value in chosen):
        raise Doubt
    return chosen


def _count_passing(pairs: list[tuple[list[float], float | str]]) -> float:
    """As COUNTIFS: how many places there are at which every list passes its criterion."""
    tests = [_test(criterion) for _, criterion in pairs]
    places = zip(*(numbers for numbers, _ in pairs), strict=True)
    return float(sum(all(map(_passes, tests, place)) for place in places))


_TESTS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_CRITERION = re.compile(r"(>=|<=|<>|<|>|=)(-?[0-9]+(?:\.[0-9]+)?)")


def _test(criterion: float | str) -> tuple[Callable[[float, float], bool], float]:
    if isinstance(criterion, float):
        return operator.eq, criterion
    match = _CRITERION.fullmatch(criterion)
    if match is None:
        raise Doubt
    return _TESTS[match[1]], float(match[2])


def _passes(test: tuple[Callable[[float, float], bool], float], number: float) -> bool:
    return test[0](number, test[1])


def _place_of(text: str, values: list[object]) -> float:
    """As MATCH finds text, without regard to case: its place, from 1."""
    if not text.isascii() or any(wild in text for wild in "*?~"):
        raise Doubt
    text = text.lower()
    for place, value in enumerate(values, 1):
        if type(value) is str and value.lower() == text:
            return float(place)
    raise Doubt


def _half_up(x: float) -> float:
    return float(Decimal(x).quantize(Decimal(0), rounding=ROUND_HALF_UP))


_NAMES: dict[str, Any] = {
    "__builtins__": {},
    "NOT_AVAILABLE": CellError("#N/A"),
    "CellError": CellError,
    "Doubt": Doubt,
    "abs": abs,
    "add_products": _add_products,
    "add_up": _add_up,
    "as_text": _as_text,
    "bool": bool,
    "ceil": math.ceil,
    "chosen": _chosen,
    "count_passing": _count_passing,
    "float": float,
    "floor": math.floor,
    "half_up": _half_up,
    "int": int,
    "len": len,
    "matrix_product": _matrix_product,
    "max": max,
    "mean": _mean,
    "min": min,
    "place_of": _place_of,
    "power": np.power,
    "range": range,
    "reads_as_number": _reads_as_number,
    "sqrt": math.sqrt,
    "str": str,
    **{name: getattr(np, name) for name in FROM_NUMPY.values()},
}
