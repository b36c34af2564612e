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
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import numpy as np

from xlsgd.cells import CellError
from xlsgd.engines.fast.expression import Expression
from xlsgd.engines.fast.kinds import ANY, ERROR, NUMBER, TEXT, TRUTH, Doubt, Unable, Written
from xlsgd.engines.fast.rules import FROM_NUMPY
from xlsgd.engines.fast.writer import Size, Writer

__all__ = [
    "READ",
    "Formula",
    "Loop",
    "LoopMaker",
    "Maker",
    "Source",
    "compile_formula",
    "compile_loop",
]

Formula = Callable[[int], Any]
"""Called with the row of a cell; returns its value, or raises anything at all if in doubt."""

Loop = Callable[[Iterator[int]], None]
"""Called with rows; stores the values of cells."""

LoopMaker = Callable[..., Loop]
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
    # c: columns.  o: what to add to the formula's row.
    "moving row": "a{i} = [c[r + o{i}] for c in c{i}]",
    # c: columns.  o: first row and the one after the last, or what to add to the formula's.
    "moving": _MOVING.format(i="{i}", top="r + o{i}[0]", bottom="r + o{i}[1]"),
    "moving bottom": _MOVING.format(i="{i}", top="o{i}[0]", bottom="r + o{i}[1]"),
    "moving top": _MOVING.format(i="{i}", top="r + o{i}[0]", bottom="o{i}[1]"),
    "not read": "",
}
"""The ways in which operand i is read, and their lines of Python."""

_CLASS = {TEXT: "str", TRUTH: "bool", ERROR: "CellError"}

_SAME_IN_ALL_ROWS = ("fixed row", "given")
_WRITTEN_OUT = 16
"""Columns that are read one by one, without a loop over them."""


class Source(NamedTuple):
    """What generated code follows from.

    kinds, sizes: see ``Writer``.   reads: for every operand, a key of READ.
    """

    expression: Expression
    kinds: Sequence[str]
    sizes: Mapping[int, Size]
    reads: Sequence[str]


class _Lines(NamedTuple):
    """A formula in Python.

    before: lines that are the same for all rows.   each: lines for a row.
    value: what stands for the value.
    """

    before: list[str]
    each: list[str]
    value: Written


def compile_formula(source: Source) -> Maker:
    """Return what makes the function of a formula from the places of its operands.

    Raises Unable if formulas itself has to calculate it.
    """
    try:
        before, each, value = _lines(source)
        body = _indented([*before, *each, f"return {value.text}"], 2)
        parameters = ", ".join(f"c{i}, o{i}" for i in range(len(source.reads)))
        made: Maker = _made(
            f"def make({parameters}):\n    def formula(r):\n{body}    return formula\n"
        )
    except (RecursionError, MemoryError, SyntaxError, UnicodeError) as error:
        # Nested deeper than Python's compiler goes, or text that cannot stand in source.
        raise Unable(str(error)) from error
    return made


def compile_loop(sources: Sequence[Source]) -> LoopMaker:
    """Return what makes a function that computes several columns, row by row.

    What it makes is called with an iterator of rows, and stops with an exception in a row that is
    in doubt.  It is made from two dicts for every column, for numbers and for all other values, and
    from the places of all operands.
    """
    before, each, parameters = [], [], []
    for k, source in enumerate(sources):
        mark = f"_{k}"
        lines = _lines(source, mark)
        before += lines.before
        each += lines.each
        text, kind = lines.value.text, lines.value.kind
        if kind == ANY:
            each.append(f"if {text}.__class__ is float: n{k}[r] = {text}")
            each.append(f"else: e{k}[r] = {text}")
        else:
            each.append(f"{'n' if kind == NUMBER else 'e'}{k}[r] = {text}")
        parameters += [f"n{k}, e{k}"]
        parameters += [f"c{i}{mark}, o{i}{mark}" for i in range(len(source.reads))]
    text = f"def make({', '.join(parameters)}):\n    def loop(rows):\n{_indented(before, 2)}"
    made: LoopMaker = _made(f"{text}        for r in rows:\n{_indented(each, 3)}    return loop\n")
    return made


def _lines(source: Source, mark: str = "") -> _Lines:
    writer = Writer(source.expression, source.kinds, source.sizes, mark)
    value = writer.write()
    before: list[str] = []
    each: list[str] = []
    for i, (kind, read) in enumerate(zip(source.kinds, source.reads, strict=True)):
        lines = before if read in _SAME_IN_ALL_ROWS else each
        name = f"{i}{mark}"
        if read == "moving row" and source.sizes[i].stride <= _WRITTEN_OUT:
            columns = [f"c{name}k{k}" for k in range(source.sizes[i].stride)]
            before.append(f"{', '.join(columns)}, = c{name}")
            each.append(f"k = r + o{name}")
            if writer.taken_apart.get(f"a{name}") == len(columns):
                del writer.taken_apart[f"a{name}"]
                each += [f"a{name}e{j} = {column}[k]" for j, column in enumerate(columns)]
                if not re.search(rf"\ba{name}\b", "\n".join(writer.lines)):
                    continue
            here = ", ".join(f"{column}[k]" for column in columns)
            each.append(f"a{name} = [{here}]")
        elif READ[read]:
            lines.append(READ[read].format(i=name))
        if kind in _CLASS and read != "given":
            lines.append(f"if a{name}.__class__ is not {_CLASS[kind]}: raise Doubt")
        if f"a{name}" in writer.taken_apart:
            count = writer.taken_apart.pop(f"a{name}")
            lines.append(f"{', '.join(f'a{name}e{j}' for j in range(count))}, = a{name}")
        if read in ("moving bottom", "moving top"):  # A5:A$9 below row 9 is upside down
            lines.append(f"if not a{name}: raise Doubt")
    return _Lines(before, each + writer.lines, value)


def _indented(lines: Sequence[str], depth: int) -> str:
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def _made(source: str) -> Any:
    """Run source with a function ``make`` in it, and return that."""
    names: dict[str, Any] = dict(_NAMES)
    exec(compile(source, "<formula>", "exec"), names)
    return names["make"]


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
