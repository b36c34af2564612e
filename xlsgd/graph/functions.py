"""The functions of spreadsheets that are met where nets are trained, in torch.

Each takes the number of samples and the values of its arguments.  Source: the documentation of the
functions in Excel; where torch has another notion (a variance, a rounding), the sheet's is kept.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from xlsgd.graph.values import (
    Block,
    NotKnown,
    Value,
    as_block,
    is_number,
    number,
    same_in_all,
    text_of,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ARRAYS", "FUNCTIONS"]

Function = Callable[..., Value]

FUNCTIONS: dict[str, Function] = {}
"""By their names in upper case, without the prefix of newer ones."""

ARRAYS = frozenset(
    ["SUMPRODUCT", "MMULT", "TRANSPOSE", "SUMX2MY2", "SUMX2PY2", "SUMXMY2", "LOOKUP", "INDEX", "MATCH", "XLOOKUP", "SUM", "SUMSQ", "AVERAGE", "MAX", "MIN", "PRODUCT", "COUNT", "MDETERM", "FREQUENCY"]
)
"""Functions around which ranges are calculated element by element."""


def _named(*names: str) -> Callable[[Function], Function]:
    def kept(function: Function) -> Function:
        for name in names:
            FUNCTIONS[name] = function
        return function

    return kept


# Of one number each


def _of_one(name: str, function: Callable[[Tensor], Tensor]) -> None:
    def called(samples: int, value: Value) -> Value:
        if isinstance(value, Block):
            return value.mapped(lambda each: function(number(each, samples)))
        return function(number(value, samples))

    FUNCTIONS[name] = called


def _log_of(base: float) -> Callable[[Tensor], Tensor]:
    def log(value: Tensor) -> Tensor:
        import torch

        bad = value.detach() <= 0
        if bool(bad.any()):
            found = torch.where(bad, torch.nan, torch.where(bad, 1.0, value).log())
        else:
            found = value.log()
        return found if base == math.e else found / math.log(base)

    return log


def _root(value: Tensor) -> Tensor:
    import torch

    # The slope of a root at 0 is infinite: where nothing else hangs on it, it is left out.
    return torch.where(value.detach() < 0, torch.nan, value.clamp(min=0).sqrt())


def _constant(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda value: function(value.detach())


for _name, _function in {
    "EXP": lambda x: x.exp(),
    "LN": _log_of(math.e),
    "LOG10": _log_of(10.0),
    "SQRT": _root,
    "ABS": lambda x: x.abs(),
    "SIN": lambda x: x.sin(),
    "COS": lambda x: x.cos(),
    "TAN": lambda x: x.tan(),
    "ATAN": lambda x: x.atan(),
    "ASIN": lambda x: x.asin(),
    "ACOS": lambda x: x.acos(),
    "SINH": lambda x: x.sinh(),
    "COSH": lambda x: x.cosh(),
    "TANH": lambda x: x.tanh(),
    "SIGN": _constant(lambda x: x.sign()),
    "INT": _constant(lambda x: x.floor()),
    "RADIANS": lambda x: x * (math.pi / 180),
    "DEGREES": lambda x: x * (180 / math.pi),
    "N": lambda x: x,
    "VALUE": lambda x: x,
}.items():
    _of_one(_name, _function)


@_named("LOG")
def _log(samples: int, value: Value, base: Value = None) -> Value:
    ten = number(10.0 if base is None else base, samples)
    natural = _log_of(math.e)
    if isinstance(value, Block):
        return value.mapped(lambda each: natural(number(each, samples)) / natural(ten))
    return natural(number(value, samples)) / natural(ten)


@_named("POWER")
def _power(samples: int, base: Value, exponent: Value) -> Value:
    return number(base, samples) ** number(exponent, samples)


@_named("PI")
def _pi(samples: int) -> Value:
    return number(math.pi, samples)


@_named("ROUND", "ROUNDUP", "ROUNDDOWN", "TRUNC")
def _round(samples: int, value: Value, digits: Value = None) -> Value:
    import torch

    unit = 10.0 ** number(digits, samples)
    scaled = number(value, samples).detach() * unit
    return torch.where(scaled < 0, -(-scaled + 0.5).floor(), (scaled + 0.5).floor()) / unit


@_named("MOD")
def _mod(samples: int, value: Value, divisor: Value) -> Value:
    a, b = number(value, samples), number(divisor, samples)
    return a - b * (a / b).detach().floor()


@_named("CEILING", "CEILING.MATH")
def _ceiling(samples: int, value: Value, unit: Value = None, _mode: Value = None) -> Value:
    step = number(1.0 if unit is None else unit, samples)
    return (number(value, samples).detach() / step).ceil() * step


@_named("FLOOR", "FLOOR.MATH")
def _floor(samples: int, value: Value, unit: Value = None, _mode: Value = None) -> Value:
    step = number(1.0 if unit is None else unit, samples)
    return (number(value, samples).detach() / step).floor() * step


# Of many numbers


def _all_numbers(samples: int, values: Sequence[Value]) -> list[Tensor]:
    """Return all numbers of arguments: in ranges texts are passed over, elsewhere not."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Block):
            found += value.numbers()
        elif value is not None:
            found.append(number(value, samples))
    return found


def _total(samples: int, numbers: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.stack(list(numbers)).sum(0) if numbers else number(0.0, samples)


@_named("SUM")
def _sum(samples: int, *values: Value) -> Value:
    return _total(samples, _all_numbers(samples, values))


@_named("SUMSQ")
def _sumsq(samples: int, *values: Value) -> Value:
    return _total(samples, [x * x for x in _all_numbers(samples, values)])


@_named("PRODUCT")
def _product(samples: int, *values: Value) -> Value:
    found = _all_numbers(samples, values)
    return reduce(operator.mul, found) if found else number(0.0, samples)


@_named("COUNT")
def _count(samples: int, *values: Value) -> Value:
    return number(float(len(_all_numbers(samples, values))), samples)


@_named("COUNTA")
def _counta(samples: int, *values: Value) -> Value:
    each = (x for value in values for x in as_block(value).each())
    return number(float(sum(x is not None for x in each)), samples)


@_named("COUNTBLANK")
def _countblank(samples: int, value: Value) -> Value:
    return number(float(sum(x is None for x in as_block(value).each())), samples)


@_named("AVERAGE")
def _average(samples: int, *values: Value) -> Value:
    found = _all_numbers(samples, values)
    if not found:
        raise NotKnown("an average of no numbers")
    return _total(samples, found) / len(found)


@_named("MAX")
def _max(samples: int, *values: Value) -> Value:
    found = _all_numbers(samples, values)
    return _greatest(found) if found else number(0.0, samples)


@_named("MIN")
def _min(samples: int, *values: Value) -> Value:
    found = _all_numbers(samples, values)
    return -_greatest([-x for x in found]) if found else number(0.0, samples)


def _greatest(numbers: Sequence[Tensor]) -> Tensor:
    """Return the greatest; of equal ones the last has all of the slope, as in MAX(0, x) at 0."""
    import torch

    stacked = torch.stack(list(numbers))
    return stacked.gather(0, stacked.detach().argmax(0, keepdim=True))[0]


@_named("MEDIAN")
def _median(samples: int, *values: Value) -> Value:
    import torch

    found = torch.stack(_all_numbers(samples, values)).sort(0).values
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _spread(less: int) -> Function:
    def called(samples: int, *values: Value) -> Value:
        found = _all_numbers(samples, values)
        if len(found) <= less:
            raise NotKnown("a variance of too few numbers")
        mean = _total(samples, found) / len(found)
        return _total(samples, [(x - mean) ** 2 for x in found]) / (len(found) - less)

    return called


for _names, _less in ((("VAR", "VAR.S"), 1), (("VARP", "VAR.P"), 0)):
    for _name in _names:
        FUNCTIONS[_name] = _spread(_less)
for _names, _less in ((("STDEV", "STDEV.S"), 1), (("STDEVP", "STDEV.P"), 0)):
    for _name in _names:
        FUNCTIONS[_name] = lambda n, *v, _of=_spread(_less): _root(_of(n, *v))


@_named("DEVSQ")
def _devsq(samples: int, *values: Value) -> Value:
    found = _all_numbers(samples, values)
    return _spread(0)(samples, *values) * len(found)


# Of blocks


def _pairs(samples: int, *values: Value) -> Iterator[list[Tensor]]:
    """Yield the numbers that stand at the same place; what is no number is 0."""
    blocks = [as_block(value) for value in values]
    if len({block.shape for block in blocks}) != 1:
        raise NotKnown("ranges of different sizes are calculated with each other")
    for each in zip(*(block.each() for block in blocks), strict=True):
        yield [number(x if is_number(x) or not isinstance(x, str) else None, samples) for x in each]


@_named("SUMPRODUCT")
def _sumproduct(samples: int, *values: Value) -> Value:
    return _total(samples, [reduce(operator.mul, each) for each in _pairs(samples, *values)])


@_named("SUMXMY2")
def _sumxmy2(samples: int, a: Value, b: Value) -> Value:
    return _total(samples, [(x - y) ** 2 for x, y in _pairs(samples, a, b)])


def _matrix(samples: int, value: Value) -> Tensor:
    """Return a block as numbers, shape (samples, rows, columns)."""
    import torch

    block = as_block(value)
    rows = [torch.stack([number(x, samples) for x in row], -1) for row in block.rows]
    return torch.stack(rows, -2)


def _block(matrix: Tensor) -> Block:
    rows, columns = matrix.shape[-2:]
    return Block([[matrix[:, r, c] for c in range(columns)] for r in range(rows)])


@_named("MMULT")
def _mmult(samples: int, a: Value, b: Value) -> Value:
    left, right = _matrix(samples, a), _matrix(samples, b)
    if left.shape[-1] != right.shape[-2]:
        raise NotKnown("MMULT of matrices that do not fit together")
    return _block(left @ right)


@_named("TRANSPOSE")
def _transpose(samples: int, value: Value) -> Value:
    return Block([list(row) for row in zip(*as_block(value).rows, strict=True)])


@_named("MUNIT")
def _munit(samples: int, size: Value) -> Value:
    n = int(same_in_all(size, samples))
    return Block([[number(float(r == c), samples) for c in range(n)] for r in range(n)])


@_named("MINVERSE")
def _minverse(samples: int, value: Value) -> Value:
    import torch

    return _block(torch.linalg.inv(_matrix(samples, value)))


# What chooses a cell


@_named("INDEX")
def _index(samples: int, value: Value, row: Value = None, column: Value = None) -> Value:
    block = as_block(value)
    rows, columns = block.shape
    r = int(same_in_all(row, samples))
    c = int(same_in_all(column, samples))
    if rows == 1 and column is None:
        r, c = (1 if columns > 1 else r), (r if columns > 1 else 1)
    if not (0 <= r <= rows and 0 <= c <= columns):
        raise NotKnown("INDEX means a cell outside of its range")
    if r and c:
        return block.rows[r - 1][c - 1]
    if r:
        return Block([block.rows[r - 1]]) if columns > 1 else block.rows[r - 1][0]
    if c:
        return Block([[line[c - 1]] for line in block.rows])
    return block


def _plain(value: Value, samples: int) -> Any:
    """Return what is looked for: a number as it was saved, or a text without its case."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, bool) or value is None:
        return value
    return same_in_all(value, samples)


def _place(samples: int, sought: Value, block: Block, kind: int) -> int:
    """Return where something is in a row or a column, from 0."""
    what = _plain(sought, samples)
    each = [_plain(value, samples) for value in block.each()]
    of_text = isinstance(what, str)
    alike = [(i, x) for i, x in enumerate(each) if x is not None and isinstance(x, str) == of_text]
    if kind == 0:
        found = [i for i, x in alike if x == what]
        found = found[:1]
    elif kind > 0:  # by halves, as Excel does: of values that are sorted
        low, high = 0, len(alike) - 1
        while low <= high:
            middle = (low + high) // 2
            if alike[middle][1] == what:
                high = middle
                while high + 1 < len(alike) and alike[high + 1][1] == what:
                    high += 1
                break
            if alike[middle][1] < what:
                low = middle + 1
            else:
                high = middle - 1
        found = [alike[high][0]] if high >= 0 else []
    else:
        found = [i for i, x in alike if x >= what][-1:]
    if not found:
        raise NotKnown("what is looked for is not there")
    return found[0]


@_named("MATCH")
def _match(samples: int, sought: Value, value: Value, kind: Value = None) -> Value:
    how = 1 if kind is None else int(same_in_all(kind, samples))
    return number(float(_place(samples, sought, as_block(value), how) + 1), samples)


def _lookup_in(down: bool) -> Function:
    def called(
        samples: int, sought: Value, table: Value, place: Value, near: Value = True
    ) -> Value:
        block = as_block(table)
        lines = block.rows if down else list(zip(*block.rows, strict=True))
        kind = int(same_in_all(near, samples) != 0)
        first = Block([[line[0]] for line in lines])
        line = lines[_place(samples, sought, first, kind)]
        return line[int(same_in_all(place, samples)) - 1]

    return called


FUNCTIONS["VLOOKUP"], FUNCTIONS["HLOOKUP"] = _lookup_in(True), _lookup_in(False)


@_named("LOOKUP")
def _lookup(samples: int, sought: Value, keys: Value, values: Value = None) -> Value:
    block = as_block(keys)
    given = block if values is None else as_block(values)
    return list(given.each())[_place(samples, sought, block, 1)]


@_named("XLOOKUP")
def _xlookup(samples: int, sought: Value, keys: Value, values: Value, *rest: Value) -> Value:
    try:
        return list(as_block(values).each())[_place(samples, sought, as_block(keys), 0)]
    except NotKnown:
        if not rest:
            raise
        return rest[0]


@_named("CHOOSE")
def _choose(samples: int, place: Value, *values: Value) -> Value:
    return values[int(same_in_all(place, samples)) - 1]


# Truths


def _truths(samples: int, values: Sequence[Value]) -> list[Any]:
    import torch

    found = []
    for value in values:
        for each in as_block(value).each():
            if isinstance(each, bool) or (
                isinstance(each, torch.Tensor) and each.dtype == torch.bool
            ):
                found.append(each)
            elif each is not None and not isinstance(each, str):
                found.append(number(each, samples).detach() != 0)
    return found


@_named("AND")
def _and(samples: int, *values: Value) -> Value:
    return reduce(lambda a, b: a & b, _truths(samples, values))


@_named("OR")
def _or(samples: int, *values: Value) -> Value:
    return reduce(lambda a, b: a | b, _truths(samples, values))


@_named("NOT")
def _not(samples: int, value: Value) -> Value:
    (truth,) = _truths(samples, [value])
    return (not truth) if isinstance(truth, bool) else ~truth


@_named("TRUE")
def _true(samples: int) -> Value:
    return True


@_named("FALSE")
def _false(samples: int) -> Value:
    return False


# What counts where something holds


def _fits(samples: int, block: Block, criterion: Value) -> list[bool]:
    """Return of every cell whether it fits what COUNTIF asks."""
    signs = {
        "<>": operator.ne,
        "<=": operator.le,
        ">=": operator.ge,
        "<": operator.lt,
        ">": operator.gt,
        "=": operator.eq,
    }
    compare, what = operator.eq, criterion
    if isinstance(criterion, str):
        sign = next((s for s in signs if criterion.startswith(s)), "")
        compare, what = signs.get(sign, operator.eq), criterion[len(sign) :]
        try:
            what = float(what)
        except ValueError:
            what = what.lower()
    else:
        what = _plain(criterion, samples)
    found = []
    for value in block.each():
        own = _plain(value, samples)
        alike = own is not None and isinstance(own, str) == isinstance(what, str)
        found.append(compare(own, what) if alike else compare is operator.ne)
    return found


@_named("COUNTIF")
def _countif(samples: int, value: Value, criterion: Value) -> Value:
    return number(float(sum(_fits(samples, as_block(value), criterion))), samples)


@_named("SUMIF")
def _sumif(samples: int, value: Value, criterion: Value, summed: Value = None) -> Value:
    fits = _fits(samples, as_block(value), criterion)
    each = as_block(value if summed is None else summed).each()
    return _total(samples, [x for x, fit in zip(each, fits, strict=False) if fit and is_number(x)])


@_named("AVERAGEIF")
def _averageif(samples: int, value: Value, criterion: Value, summed: Value = None) -> Value:
    fits = _fits(samples, as_block(value), criterion)
    each = as_block(value if summed is None else summed).each()
    found = [x for x, fit in zip(each, fits, strict=False) if fit and is_number(x)]
    if not found:
        raise NotKnown("an average of no numbers")
    return _total(samples, found) / len(found)


# Texts


@_named("CONCATENATE", "CONCAT")
def _concat(samples: int, *values: Value) -> Value:
    return "".join(text_of(each) for value in values for each in as_block(value).each())


@_named("LEN")
def _len(samples: int, value: Value) -> Value:
    return number(float(len(text_of(value))), samples)


@_named("UPPER", "LOWER", "TRIM")
def _text(samples: int, value: Value) -> Value:
    raise NotKnown("texts are not changed here")
