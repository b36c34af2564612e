"""Functions of samples: variances, and lines through points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.graph.functions.many import some_numbers
from xlsgd.graph.functions.numbers import root
from xlsgd.graph.named import takes_arrays
from xlsgd.graph.operators import divided
from xlsgd.graph.values import Array, Erroneous, Value, as_block, is_number, number, together, total

if TYPE_CHECKING:
    from torch import Tensor

__all__: list[str] = []


def _squares(samples: int, values: tuple[Value, ...]) -> tuple[Tensor, int]:
    """Return the sum of squared distances from the mean, and how many numbers there are."""
    found = some_numbers(samples, values)
    apart = found - total(found) / len(found)
    return total(apart * apart), len(found)


def _variance(samples: int, values: tuple[Value, ...], less: int) -> Tensor:
    squares, n = _squares(samples, values)
    if n <= less:
        raise Erroneous("#DIV/0!", "there are too few numbers")
    return squares / (n - less)


@takes_arrays("VAR", "VAR.S")
def _var(samples: int, *values: Value) -> Value:
    return _variance(samples, values, 1)


@takes_arrays("VARP", "VAR.P")
def _varp(samples: int, *values: Value) -> Value:
    return _variance(samples, values, 0)


@takes_arrays("STDEV", "STDEV.S")
def _stdev(samples: int, *values: Value) -> Value:
    return root(_variance(samples, values, 1))


@takes_arrays("STDEVP", "STDEV.P")
def _stdevp(samples: int, *values: Value) -> Value:
    return root(_variance(samples, values, 0))


@takes_arrays("DEVSQ")
def _devsq(samples: int, *values: Value) -> Value:
    return _squares(samples, values)[0]


@takes_arrays("AVEDEV")
def _avedev(samples: int, *values: Value) -> Value:
    found = some_numbers(samples, values)
    return total((found - total(found) / len(found)).abs()) / len(found)


def _pairs(samples: int, a: Value, b: Value) -> tuple[Tensor, Tensor]:
    """Return the numbers that stand at the same place in two ranges, where both have one."""
    one, other = as_block(a), as_block(b)
    if one.shape[0] * one.shape[1] != other.shape[0] * other.shape[1]:
        raise Erroneous("#N/A", "ranges of different sizes are calculated with each other")
    if one.tensor is not None and other.tensor is not None:
        return one.tensor.flatten(0, 1), other.tensor.flatten(0, 1)
    both = [
        (number(x, samples), number(y, samples))
        for x, y in zip(one.each(), other.each(), strict=True)
        if is_number(x) and is_number(y)
    ]
    if not both:
        raise Erroneous("#DIV/0!", "there are no numbers")
    return together([x for x, _ in both]), together([y for _, y in both])


def _apart(samples: int, a: Value, b: Value) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return two ranges as distances from their means, and the means."""
    x, y = _pairs(samples, a, b)
    mean_x, mean_y = total(x) / len(x), total(y) / len(y)
    return x - mean_x, y - mean_y, mean_x, mean_y


@takes_arrays("SLOPE")
def _slope(samples: int, y: Value, x: Value) -> Value:
    dx, dy, _, _ = _apart(samples, x, y)
    return divided(total(dx * dy), total(dx * dx))


@takes_arrays("INTERCEPT")
def _intercept(samples: int, y: Value, x: Value) -> Value:
    _, _, mean_x, mean_y = _apart(samples, x, y)
    return mean_y - _slope(samples, y, x) * mean_x


@takes_arrays("FORECAST", "FORECAST.LINEAR")
def _forecast(samples: int, at: Value, y: Value, x: Value) -> Value:
    return _intercept(samples, y, x) + _slope(samples, y, x) * number(at, samples)


@takes_arrays("CORREL", "PEARSON")
def _correl(samples: int, x: Value, y: Value) -> Value:
    dx, dy, _, _ = _apart(samples, x, y)
    return divided(total(dx * dy), root(total(dx * dx) * total(dy * dy)))


@takes_arrays("RSQ")
def _rsq(samples: int, y: Value, x: Value) -> Value:
    found = _correl(samples, x, y)
    return found * found


@takes_arrays("STEYX")
def _steyx(samples: int, y: Value, x: Value) -> Value:
    dx, dy, _, _ = _apart(samples, x, y)
    if len(dx) < 3:
        raise Erroneous("#DIV/0!", "there are too few numbers")
    rest = total(dy * dy) - divided(total(dx * dy) ** 2, total(dx * dx))
    return root(rest / (len(dx) - 2))


@takes_arrays("COVAR", "COVARIANCE.P")
def _covar(samples: int, x: Value, y: Value) -> Value:
    dx, dy, _, _ = _apart(samples, x, y)
    return total(dx * dy) / len(dx)


@takes_arrays("COVARIANCE.S")
def _covar_of_sample(samples: int, x: Value, y: Value) -> Value:
    dx, dy, _, _ = _apart(samples, x, y)
    if len(dx) < 2:
        raise Erroneous("#DIV/0!", "there are too few numbers")
    return total(dx * dy) / (len(dx) - 1)


@takes_arrays("STANDARDIZE")
def _standardize(samples: int, value: Value, mean: Value, deviation: Value) -> Value:
    if isinstance(value, Array):
        return value.mapped(lambda each: _standardize(samples, each, mean, deviation))
    return divided(number(value, samples) - number(mean, samples), number(deviation, samples))
