"""What the generated code for a cell may call."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from xlsgd.base.cells import CellError
from xlsgd.engines.fast.kinds import Doubt
from xlsgd.engines.fast.scalar_rules import FROM_NUMPY

__all__ = ["NAMES"]


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
    """As NumPy adds numbers up, to the last bit."""
    count = len(numbers)
    if count > _SHORT:
        return float(np.sum(np.array(numbers)))
    # NumPy's call alone takes longer than this. It adds fewer than eight in turn, and more in
    # eight sums side by side (pairwise summation, Higham 1993).
    total = 0.0
    if count < 8:
        for number in numbers:
            total += number
        return total
    sums = numbers[:8]
    done = 8
    while done + 8 <= count:
        sums = [x + y for x, y in zip(sums, numbers[done : done + 8], strict=True)]
        done += 8
    a, b, c, d, e, f, g, h = sums
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for number in numbers[done:]:
        total += number
    return total + 0.0  # not -0.0


_SHORT = 64
"""Longer lists NumPy adds up faster."""


def _mean(numbers: list[float]) -> float:
    return _add_up(numbers) / len(numbers)


def _add_products(ranges: list[list[float]]) -> float:
    first, *others = ranges
    if len(first) > _SHORT:
        return float(np.sum(np.prod(np.array(ranges), axis=0)))
    for factors in others:
        first = [x * y for x, y in zip(first, factors, strict=True)]
    return _add_up(first)


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


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
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


NAMES: Mapping[str, Any] = {
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
"""By the names by which it calls them."""
