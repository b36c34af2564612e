"""Functions of many numbers: sums, averages, the greatest, the middle one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.cells import CellError
from xlsgd.graph.named import FUNCTIONS, takes_arrays, takes_ranges
from xlsgd.graph.values import (
    Array,
    ByCell,
    Erroneous,
    NotKnown,
    Value,
    alike,
    all_finite,
    as_block,
    is_number,
    number,
    one_number,
    same_in_all,
    together,
    total,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["all_numbers", "greatest", "some_numbers"]


def all_numbers(samples: int, values: Sequence[Value]) -> Tensor | None:
    """Return all numbers of arguments along the first dimension: in ranges texts are passed over,
    elsewhere not.  None if there are none."""
    import torch

    if len(values) == 1 and isinstance(values[0], Array):
        return values[0].numbers()
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Array):
            several = value.numbers()
            if several is not None:
                found += several.unbind()
        elif value is not None:
            found.append(number(value, samples))
    if not found:
        return None
    if len(found) == 1:
        return found[0].unsqueeze(0)
    if len({x.shape for x in found}) > 1:
        found = alike(found)
    return torch.stack(found)


def some_numbers(samples: int, values: Sequence[Value]) -> Tensor:
    """Return all numbers of arguments.  Raises Erroneous, as of an average, if there are none."""
    found = all_numbers(samples, values)
    if found is None:
        raise Erroneous("#DIV/0!", "there are no numbers")
    return found


@takes_arrays("SUM")
def _sum(samples: int, *values: Value) -> Value:
    found = all_numbers(samples, values)
    return 0.0 if found is None else total(found)


@takes_arrays("SUMSQ")
def _sumsq(samples: int, *values: Value) -> Value:
    found = all_numbers(samples, values)
    return 0.0 if found is None else total(found * found)


@takes_arrays("PRODUCT")
def _product(samples: int, *values: Value) -> Value:
    found = all_numbers(samples, values)
    return 0.0 if found is None else found.prod(0)


def _counted(value: Value, samples: int) -> float:
    """Return how many numbers an argument has."""
    import torch

    if not isinstance(value, Array):
        if isinstance(value, torch.Tensor) and not all_finite(value):
            return _certain(value.detach().isfinite())
        if isinstance(value, str):
            try:
                number(value, samples)
            except (Erroneous, NotKnown):
                return 0.0
        return float(value is not None and not isinstance(value, CellError))
    if value.tensor is not None:
        if value.tensor.dtype == torch.bool:
            return 0.0
        return _certain(value.tensor.detach().isfinite().flatten(0, 1).sum(0))
    return sum(_counted(x, samples) for x in value.each() if is_number(x))


def _certain(counts: Tensor) -> float:
    """Return a number of cells, that of the workbook as it was saved."""
    return one_number(counts.double(), counts.shape[-1])


@takes_arrays("COUNT")
def _count(samples: int, *values: Value) -> Value:
    return float(sum(_counted(value, samples) for value in values))


@takes_ranges("COUNTA")
def _counta(samples: int, *values: Value) -> Value:
    blocks = [as_block(value) for value in values]
    if all(block.tensor is not None for block in blocks):
        return float(sum(block.shape[0] * block.shape[1] for block in blocks))
    return float(sum(x is not None for block in blocks for x in block.each()))


@takes_ranges("COUNTBLANK")
def _countblank(samples: int, value: Value) -> Value:
    block = as_block(value)
    if block.tensor is not None:
        return 0.0
    return float(sum(x is None or x == "" for x in block.each() if x is None or isinstance(x, str)))


@takes_arrays("AVERAGE")
def _average(samples: int, *values: Value) -> Value:
    found = some_numbers(samples, values)
    return total(found) / len(found)


@takes_arrays("AVERAGEA")
def _averagea(samples: int, *values: Value) -> Value:
    each = [x for value in values for x in as_block(value).each() if x is not None]
    if not each:
        raise Erroneous("#DIV/0!", "there are no numbers")
    found = together([number(0.0 if isinstance(x, str) else x, samples) for x in each])
    return total(found) / len(found)


@takes_arrays("MAX")
def _max(samples: int, *values: Value) -> Value:
    found = all_numbers(samples, values)
    return 0.0 if found is None else greatest(found)


@takes_arrays("MIN")
def _min(samples: int, *values: Value) -> Value:
    found = all_numbers(samples, values)
    return 0.0 if found is None else -greatest(-found)


def greatest(numbers: Tensor) -> Tensor:
    """Return the greatest; of equal ones one has all of the slope, as torch has it of MAX(0, x)
    at 0: the first that is written, 0."""
    import torch

    bare = numbers.detach()
    found = numbers.gather(0, bare.argmax(0, keepdim=True))[0]
    return found if all_finite(bare) else torch.where(bare.isfinite().all(0), found, torch.nan)


def _ordered(numbers: Tensor) -> Tensor:
    """Return numbers from the smallest to the largest, all nan where one of them is none."""
    import torch

    found = numbers.sort(0).values
    if all_finite(numbers):
        return found
    return torch.where(numbers.detach().isfinite().all(0), found, torch.nan)


@takes_arrays("MEDIAN")
def _median(samples: int, *values: Value) -> Value:
    found = _ordered(some_numbers(samples, values))
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _nth(from_below: bool) -> Callable[..., Value]:
    def called(samples: int, value: Value, place: Value) -> Value:
        found = _ordered(some_numbers(samples, [value]))
        n = int(same_in_all(place, samples))
        if not 1 <= n <= len(found):
            raise Erroneous("#NUM!", "there are not as many numbers")
        return found[n - 1] if from_below else found[-n]

    return called


takes_arrays("SMALL")(_nth(from_below=True))
takes_arrays("LARGE")(_nth(from_below=False))


@takes_arrays("PERCENTILE", "PERCENTILE.INC")
def _percentile(samples: int, value: Value, share: Value) -> Value:
    found = _ordered(some_numbers(samples, [value]))
    place = same_in_all(share, samples) * (len(found) - 1)
    if not 0 <= place <= len(found) - 1:
        raise Erroneous("#NUM!", "a share is no number from 0 to 1")
    low = int(place)
    return found[low] + (found[min(low + 1, len(found) - 1)] - found[low]) * (place - low)


@takes_arrays("QUARTILE", "QUARTILE.INC")
def _quartile(samples: int, value: Value, quarter: Value) -> Value:
    return _percentile(samples, value, int(same_in_all(quarter, samples)) / 4)


@takes_ranges("RANK", "RANK.EQ")
def _rank(samples: int, value: Value, among: Value, upwards: Value = 0.0) -> Value:
    found = some_numbers(samples, [among]).detach()
    own = number(value, samples).detach()
    if found.dim() != own.dim() + 1:
        raise ByCell
    below = found < own if same_in_all(upwards, samples) else found > own
    return below.sum(0).double() + 1


_SUBTOTALS = (
    *("AVERAGE", "COUNT", "COUNTA", "MAX", "MIN", "PRODUCT"),
    *("STDEV", "STDEVP", "SUM", "VAR", "VARP"),
)


@takes_ranges("SUBTOTAL")
def _subtotal(samples: int, which: Value, *values: Value) -> Value:
    kind = int(same_in_all(which, samples)) % 100
    if not 1 <= kind <= len(_SUBTOTALS):
        raise Erroneous("#VALUE!", "SUBTOTAL has no such kind")
    return FUNCTIONS[_SUBTOTALS[kind - 1]](samples, *values)
