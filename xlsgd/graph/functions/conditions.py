"""Truths, and what is counted or summed where something holds."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import CellError
from xlsgd.graph.functions.many import greatest
from xlsgd.graph.named import FUNCTIONS, of_cells, takes_arrays, takes_ranges
from xlsgd.graph.operators import truth_of
from xlsgd.graph.values import (
    Array,
    ByCell,
    Erroneous,
    NotKnown,
    Value,
    as_block,
    is_number,
    number,
    of_several,
    one_number,
    saved_numbers,
    together,
    total,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__: list[str] = []


def _truths(values: Sequence[Value]) -> list[Any]:
    """Return the truths of arguments: empty cells and texts in ranges are passed over."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, Array):
            found += [truth_of(x) for x in value.each() if x is not None and not isinstance(x, str)]
        elif value is not None:
            found.append(truth_of(value))
    if not found:
        raise Erroneous("#VALUE!", "there is no truth")
    return found


def _joined(values: Sequence[Value], join: Callable[[Any, Any], Any]) -> Value:
    """Return truths joined two by two; what is wrong with one of them is wrong with all."""
    import torch

    truths = _truths(values)
    tensors = [x for x in truths if isinstance(x, torch.Tensor)]
    bad = [x.isnan() for x in tensors if x.dtype != torch.bool]
    found: Any = truths[0] if isinstance(truths[0], bool) else truths[0] == 1
    for truth in truths[1:]:
        found = join(found, truth if isinstance(truth, bool) else truth == 1)
    if any(of_several(wrong) for wrong in bad):
        raise ByCell
    for wrong in bad:
        found = torch.where(
            wrong, torch.nan, float(found) if isinstance(found, bool) else found.double()
        )
    return found


@takes_arrays("AND")
def _and(samples: int, *values: Value) -> Value:
    return _joined(values, operator.and_)


@takes_arrays("OR")
def _or(samples: int, *values: Value) -> Value:
    return _joined(values, operator.or_)


@takes_arrays("XOR")
def _xor(samples: int, *values: Value) -> Value:
    return _joined(values, operator.xor)


@of_cells("NOT")
def _not(samples: int, value: Value) -> Value:
    import torch

    truth = truth_of(value)
    if isinstance(truth, bool):
        return not truth
    return ~truth if truth.dtype == torch.bool else 1 - truth


@of_cells("TRUE")
def _true(samples: int) -> Value:
    return True


@of_cells("FALSE")
def _false(samples: int) -> Value:
    return False


def _is_a(name: str, holds: Callable[[Value], bool]) -> None:
    @takes_arrays(name)
    def called(samples: int, value: Value) -> Value:
        if isinstance(value, Array):
            return Array([[holds(x) for x in row] for row in value.rows])
        return holds(value)


_is_a("ISBLANK", lambda x: x is None)
_is_a("ISTEXT", lambda x: isinstance(x, str))
_is_a("ISNONTEXT", lambda x: not isinstance(x, str))


def _is_logical(value: Value) -> bool:
    import torch

    if isinstance(value, torch.Tensor):
        return value.dtype == torch.bool
    return isinstance(value, bool)


_is_a("ISLOGICAL", _is_logical)


def _remainder(name: str, rest: float) -> None:
    @of_cells(name)
    def called(samples: int, value: Value) -> Value:
        return number(value, samples).detach().trunc().abs() % 2 == rest


_remainder("ISEVEN", 0.0)
_remainder("ISODD", 1.0)


# What fits

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<>": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


def _fits(samples: int, block: Array, criterion: Value) -> list[bool]:
    """Return of every cell whether it fits what COUNTIF asks, in the workbook as it was saved."""
    test = _test_of(criterion, samples)
    numbers = saved_numbers(block)
    if numbers is not None:
        return [test(x) for x in numbers]
    return [test(_as_saved(value, samples)) for value in block.each()]


def _as_saved(value: Value, samples: int) -> Any:
    if value is None or isinstance(value, (str, bool, CellError)):
        return value
    found = one_number(value, samples)
    return found if _is_logical(value) is False else bool(found)


def _test_of(criterion: Value, samples: int) -> Callable[[Any], bool]:
    """Return what says whether a cell fits."""
    if isinstance(criterion, Array):
        raise NotKnown("a range stands where a criterion is needed")
    sign, what = "=", _as_saved(criterion, samples)
    written = False
    if isinstance(what, str):
        written = True
        sign = next((s for s in _SIGNS if what.startswith(s)), "")
        what = what[len(sign) :]
        try:
            what = number(what, samples).tolist()[0] if what else what
        except (Erroneous, NotKnown):
            what = {"true": True, "false": False}.get(what.lower(), what.lower())
    if isinstance(what, CellError):
        return lambda own: own == what
    compare = _SIGNS[sign or "="]
    if what is None:
        what = 0.0
    if what == "" and isinstance(what, str):
        if sign == "=":
            return lambda own: own is None
        if sign == "<>":
            return lambda own: own is not None
        return lambda own: own is None or own == ""
    if isinstance(what, str) and compare in (operator.eq, operator.ne):
        pattern = _pattern(what)
        alike = compare is operator.eq
        return lambda own: (isinstance(own, str) and bool(pattern.fullmatch(own.lower()))) is alike
    kind = type(what)

    def fits(own: Any) -> bool:
        if kind is float and written and isinstance(own, str):
            try:
                own = number(own, samples).tolist()[0]
            except (Erroneous, NotKnown):
                return compare is operator.ne
        if type(own) is not kind:
            return compare is operator.ne
        return bool(compare(own.lower() if kind is str else own, what))

    return fits


def _pattern(text: str) -> re.Pattern[str]:
    """Return a text with ``*`` and ``?`` for any characters as a regular expression."""
    pieces = re.findall(r"~[*?~]|.", text, re.DOTALL)
    known = {"*": ".*", "?": "."}
    return re.compile("".join(known.get(x) or re.escape(x[-1]) for x in pieces), re.DOTALL)


def _all_fit(samples: int, pairs: Sequence[Value]) -> list[bool]:
    """Return of every place whether all criteria fit: ranges and criteria in turn."""
    blocks = [as_block(value) for value in pairs[::2]]
    if len({block.shape for block in blocks}) != 1:
        raise Erroneous("#VALUE!", "ranges of different sizes are asked together")
    found = [_fits(samples, b, c) for b, c in zip(blocks, pairs[1::2], strict=True)]
    return [all(each) for each in zip(*found, strict=True)]


@takes_ranges("COUNTIFS", "COUNTIF")
def _countifs(samples: int, *pairs: Value) -> Value:
    return float(sum(_all_fit(samples, pairs)))


def _chosen(fits: Sequence[bool], summed: Value, samples: int) -> Iterator[Tensor]:
    block = as_block(summed)
    width = block.shape[1]
    for i, fit in enumerate(fits):
        if fit and i // width < block.shape[0]:
            value = block.at(i // width, i % width)
            if is_number(value) or isinstance(value, CellError):
                yield number(value, samples)


def _of_those(name: str, of_some: Callable[[Tensor], Value], of_none: Value) -> None:
    """Name a function of the numbers that fit, as SUMIFS; and as SUMIF, if there is one."""

    def chosen(samples: int, summed: Value, pairs: Sequence[Value]) -> Value:
        found = list(_chosen(_all_fit(samples, pairs), summed, samples))
        if not found and of_none is None:
            raise Erroneous("#DIV/0!", "there are no numbers")
        return of_some(together(found)) if found else of_none

    @takes_ranges(f"{name}IFS")
    def ifs(samples: int, summed: Value, *pairs: Value) -> Value:
        return chosen(samples, summed, pairs)

    if name in ("SUM", "AVERAGE"):

        @takes_ranges(f"{name}IF")
        def one(samples: int, asked: Value, criterion: Value, summed: Value = None) -> Value:
            return chosen(samples, asked if summed is None else summed, (asked, criterion))


_of_those("SUM", total, 0.0)
_of_those("AVERAGE", lambda found: total(found) / len(found), None)
_of_those("MAX", greatest, 0.0)
_of_those("MIN", lambda found: -greatest(-found), 0.0)

assert "SUMIF" in FUNCTIONS
