"""Operators of formulas in torch: arithmetic, comparisons, and the choice between two values.

Where a cell would hold an error the result is not finite, and nothing flows back from there: a
slope of 1/0 would spoil all other slopes by way of ``0·nan``. A truth that is an error in some
sample is a number: 1, 0 or nan.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import CellError
from xlsgd.graph.values import (
    Array,
    ByCell,
    Erroneous,
    Value,
    all_finite,
    as_block,
    block_of,
    has_zero,
    number,
    of_several,
    plain_number,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ARITHMETIC", "compared", "lifted", "mixed", "spoils", "truth_of"]

Number = Any
"""A tensor, or a float."""


def plus(a: Number, b: Number) -> Number:
    return a + b


def minus(a: Number, b: Number) -> Number:
    return a - b


def times(a: Number, b: Number) -> Number:
    return a * b


def divided(a: Number, b: Number) -> Number:
    import torch

    if isinstance(b, float):
        return a / b if b else a * torch.nan
    if isinstance(a, float):
        # A number divided by a tensor is otherwise its reciprocal, multiplied: rounded twice.
        a = torch.tensor(a, dtype=torch.float64)
    if has_zero(b):
        bad = (b == 0) | ~b.detach().isfinite()
        return torch.where(bad, torch.nan, a / torch.where(bad, 1.0, b))
    return a / b


def raised(a: Number, b: Number) -> Number:
    import torch

    if isinstance(b, float):
        if b > 0 and b == int(b):
            return a**b
        if isinstance(a, float):
            return torch.tensor(raised_plainly(a, b), dtype=torch.float64)
    base = a.detach() if isinstance(a, torch.Tensor) else torch.tensor(a, dtype=torch.float64)
    power = b.detach() if isinstance(b, torch.Tensor) else torch.tensor(b, dtype=torch.float64)
    broken = (base < 0) & (power != power.floor())
    bad = broken | ((base == 0) & (power <= 0)) | ~base.isfinite() | ~power.isfinite()
    if bool(bad.any()):
        return torch.where(
            bad, torch.nan, raised(torch.where(bad, 1.0, a), torch.where(bad, 1.0, b))
        )
    if isinstance(b, torch.Tensor) and bool((base < 0).any()):
        # A negative number has no slope in its exponent.
        b = torch.where(base < 0, power, b)
    return a**b


def raised_plainly(a: float, b: float) -> float:
    try:
        found = a**b
    except (ZeroDivisionError, OverflowError):
        return float("nan")
    return float("nan") if isinstance(found, complex) or (a == 0 and b == 0) else found


ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": plus,
    "-": minus,
    "*": times,
    "/": divided,
    "^": raised,
}

_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(sign: str, a: Value, b: Value) -> Value:
    """Return a truth, or one for every sample."""
    import torch

    for value in (a, b):
        if isinstance(value, CellError):
            return value
    compare = _COMPARED[sign]
    kinds = [_rank(x) for x in (a, b)]
    if kinds[0] is None:
        a, kinds[0] = _empty(kinds[1])
    if kinds[1] is None:
        b, kinds[1] = _empty(kinds[0])
    if kinds[0] != kinds[1]:
        return compare(kinds[0], kinds[1])  # numbers come before texts, and texts before truths
    if kinds[0] == _TEXT:
        return compare(a.lower(), b.lower())
    one, other = (x.detach() if isinstance(x, torch.Tensor) else float(x) for x in (a, b))
    found = compare(one, other)
    bad = [x for x in (one, other) if isinstance(x, torch.Tensor) and not all_finite(x)]
    if not bad or not isinstance(found, torch.Tensor):
        return found
    if of_several(found):
        raise ByCell  # some hold a truth, and others an error
    good = bad[0].isfinite() if len(bad) == 1 else bad[0].isfinite() & bad[1].isfinite()
    return torch.where(good, found.double(), torch.nan)


_NUMBER, _TEXT, _TRUTH = 1, 2, 3


def _rank(value: Value) -> int | None:
    import torch

    if value is None:
        return None
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, bool):
        return _TRUTH
    return _TRUTH if isinstance(value, torch.Tensor) and value.dtype == torch.bool else _NUMBER


def _empty(other: int | None) -> tuple[Value, int]:
    """Return what an empty cell is beside something else."""
    if other == _TEXT:
        return "", _TEXT
    return (False, _TRUTH) if other == _TRUTH else (0.0, _NUMBER)


def truth_of(value: Value) -> Any:
    """Return a condition as a truth for all samples, a tensor of truths, or one of 1, 0 and nan."""
    import torch

    if isinstance(value, bool):
        return value
    if isinstance(value, torch.Tensor):
        if value.dtype == torch.bool:
            return value
        bare = value.detach()
        truth = bare != 0
        return (
            truth if all_finite(bare) else torch.where(bare.isfinite(), truth.double(), torch.nan)
        )
    if isinstance(value, Array):
        if value.shape == (1, 1):
            return truth_of(value.at(0, 0))
        raise Erroneous("#VALUE!", "several cells stand where one is needed")
    if isinstance(value, CellError):
        raise Erroneous(value.code, f"it meets {value}")
    if isinstance(value, str):
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise Erroneous("#VALUE!", f"the text '{value[:30]}' stands where a truth is needed")
    return plain_number(value) != 0


def mixed(truth: Any, yes: Value, no: Value, samples: int) -> Value:
    """Return one value where something holds, and another where it does not."""
    import torch

    if isinstance(truth, bool):
        return yes if truth else no
    if isinstance(truth, CellError):
        return truth
    holds = truth if truth.dtype == torch.bool else truth == 1
    if bool(holds.all()):
        return yes
    if truth.dtype == torch.bool and not bool(holds.any()):
        return no
    if _is_truth(yes) and _is_truth(no) and truth.dtype == torch.bool:
        return torch.where(holds, _truths(yes), _truths(no))
    if isinstance(yes, str) or isinstance(no, str):
        return _one_text(holds, yes, no)
    sides = number(yes, samples), number(no, samples)
    if of_several(holds) and (_is_truth(yes) or _is_truth(no) or any(map(spoils, sides))):
        raise ByCell
    found = torch.where(holds, *sides)
    return found if truth.dtype == torch.bool else torch.where(truth.isnan(), torch.nan, found)


def _is_truth(value: Value) -> bool:
    import torch

    return isinstance(value, bool) or (
        isinstance(value, torch.Tensor) and value.dtype == torch.bool
    )


def _truths(value: Value) -> Tensor:
    import torch

    return value if isinstance(value, torch.Tensor) else torch.tensor(value)


def _one_text(holds: Tensor, yes: Value, no: Value) -> Value:
    """Return which of two it is in the workbook as it was saved: there are no texts by samples."""
    if of_several(holds):
        raise ByCell
    return yes if bool(holds[0]) else no


def spoils(value: Tensor) -> bool:
    """Return whether slopes through a value that is no number somewhere would be nan elsewhere."""
    return value.requires_grad and not all_finite(value)


def lifted(function: Callable[[Value, Value], Value], a: Value, b: Value) -> Value:
    """Return what a function makes of two values, of blocks element by element."""
    import torch

    if not isinstance(a, Array) and not isinstance(b, Array):
        return function(a, b)
    shapes = [x.shape for x in (a, b) if isinstance(x, Array)]
    rows, columns = (max(sizes) for sizes in zip(*shapes, strict=True))
    for m, n in shapes:
        if m not in (1, rows) or n not in (1, columns):
            raise Erroneous("#N/A", "ranges of different sizes are calculated with each other")
    bare = [x.tensor if isinstance(x, Array) else x for x in (a, b)]
    if all(isinstance(x, (torch.Tensor, float)) for x in bare):
        return Array(tensor=function(*bare))
    one, other = as_block(a), as_block(b)
    return block_of(
        [[function(one.at(r, c), other.at(r, c)) for c in range(columns)] for r in range(rows)]
    )
