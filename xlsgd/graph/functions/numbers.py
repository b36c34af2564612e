"""Functions of one number, or of a few."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from xlsgd.base.cells import CellError
from xlsgd.graph.named import of_cells
from xlsgd.graph.operators import divided, raised
from xlsgd.graph.values import Array, Value, all_finite, number

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["of_one", "root"]

OfOne = Callable[["Tensor"], "Tensor"]


def of_one(name: str, function: OfOne) -> None:
    """Name a function of one number; of a range it gives one for each cell."""

    @of_cells(name)
    def called(samples: int, value: Value) -> Value:
        if isinstance(value, Array):
            return value.mapped(lambda each: function(number(each, samples)))
        return function(number(value, samples))


def within(function: OfOne, good: Callable[[Tensor], Tensor], instead: float = 0.5) -> OfOne:
    """Return a function that is nan, and has no slope, outside of where it is defined.

    good: where it is.   instead: any number at which it is.
    """

    def called(value: Tensor) -> Tensor:
        import torch

        bare = value.detach()
        fine = good(bare) & bare.isfinite()
        if bool(fine.all()):
            return function(value)
        return torch.where(fine, function(torch.where(fine, value, instead)), torch.nan)

    return called


def log(value: Tensor) -> Tensor:
    return _log(value)


def root(value: Tensor) -> Tensor:
    """Return a square root; where it is 0, its slope is left out: it would be infinite."""
    import torch

    bare = value.detach()
    if all_finite(value) and bool((bare > 0).all()):
        return value.sqrt()
    fine = bare > 0
    rest = torch.where(bare == 0, 0.0, torch.nan)
    return torch.where(fine, torch.where(fine, value, 1.0).sqrt(), rest)


def constant(function: OfOne) -> OfOne:
    """Return a function without slopes, which is nan where it is given none."""

    def called(value: Tensor) -> Tensor:
        import torch

        bare = value.detach()
        found = function(bare)
        return found if all_finite(bare) else torch.where(bare.isfinite(), found, torch.nan)

    return called


def _always(value: Tensor) -> Tensor:
    return value == value


def _exp(value: Tensor) -> Tensor:
    return value.exp()


_LARGEST = math.log(1.7976931348623157e308)

_log = within(lambda x: x.log(), lambda x: x > 0)

for _name, _function in {
    "EXP": within(_exp, lambda x: x <= _LARGEST),
    "LN": _log,
    "LOG10": within(lambda x: x.log10(), lambda x: x > 0),
    "SQRT": root,
    "SQRTPI": lambda x: root(x * math.pi),
    "ABS": lambda x: x.abs(),
    "SIN": lambda x: x.sin(),
    "COS": lambda x: x.cos(),
    "TAN": lambda x: x.tan(),
    "COT": lambda x: divided(1.0, x.tan()),
    "SEC": lambda x: divided(1.0, x.cos()),
    "CSC": lambda x: divided(1.0, x.sin()),
    "ATAN": within(lambda x: x.atan(), _always),
    "ASIN": within(lambda x: x.asin(), lambda x: x.abs() <= 1),
    "ACOS": within(lambda x: x.acos(), lambda x: x.abs() <= 1),
    "SINH": lambda x: x.sinh(),
    "COSH": lambda x: x.cosh(),
    "TANH": within(lambda x: x.tanh(), _always),
    "SECH": within(lambda x: 1 / x.cosh(), _always),
    "ASINH": lambda x: x.asinh(),
    "ACOSH": within(lambda x: x.acosh(), lambda x: x >= 1, 2.0),
    "ATANH": within(lambda x: x.atanh(), lambda x: x.abs() < 1),
    "SIGN": constant(lambda x: x.sign()),
    "INT": constant(lambda x: x.floor()),
    "EVEN": constant(lambda x: x.sign() * (x.abs() / 2).ceil() * 2),
    "ODD": constant(
        lambda x: (x.sign() + (x == 0)) * (((x.abs() + 1) / 2).ceil() * 2 - 1).clamp(1)
    ),
    "FACT": constant(lambda x: (x.floor() + 1).lgamma().exp().round()),
    "GAMMALN": lambda x: x.lgamma(),
    "GAMMALN.PRECISE": lambda x: x.lgamma(),
    "ERF": within(lambda x: x.erf(), _always),
    "ERF.PRECISE": within(lambda x: x.erf(), _always),
    "ERFC": within(lambda x: x.erfc(), _always),
    "ERFC.PRECISE": within(lambda x: x.erfc(), _always),
    "RADIANS": lambda x: x * (math.pi / 180),
    "DEGREES": lambda x: x * (180 / math.pi),
    "VALUE": lambda x: x,
    "NUMBERVALUE": lambda x: x,
}.items():
    of_one(_name, _function)


@of_cells("LOG")
def _log_to(samples: int, value: Value, base: Value = 10.0) -> Value:
    import torch

    to = number(base, samples)
    divisor = _log(to)

    def called(each: Value) -> Tensor:
        bare = number(each, samples)
        # The logarithm to base 10 is rounded once, as cells have it.
        if bool((to.detach() == 10).all()):
            return within(torch.log10, lambda x: x > 0)(bare)
        found: Tensor = divided(_log(bare), divisor)
        return found

    return value.mapped(called) if isinstance(value, Array) else called(value)


@of_cells("POWER")
def _power(samples: int, base: Value, exponent: Value) -> Value:
    import torch

    written = number(exponent, samples)
    same = not written.requires_grad and bool((written == written.flatten()[0]).all())
    power = float(written.flatten()[0]) if same else written
    found = raised(number(base, samples), power)
    return found if isinstance(found, torch.Tensor) else number(found, samples)


@of_cells("PI")
def _pi(samples: int) -> Value:
    return math.pi


@of_cells("NA")
def _na(samples: int) -> Value:
    return CellError("#N/A")


@of_cells("ATAN2")
def _atan2(samples: int, x: Value, y: Value) -> Value:
    """Excel has x first."""
    import torch

    a, b = number(x, samples), number(y, samples)
    bad = ((a == 0) & (b == 0)) | ~a.detach().isfinite() | ~b.detach().isfinite()
    found = torch.atan2(b, torch.where(bad, 1.0, a))
    return torch.where(bad, torch.nan, found)


def _digits(kept: Callable[[Tensor], Tensor]) -> Callable[..., Value]:
    """Return a function that rounds to so many digits.   kept: rounds what is no less than 0."""

    def called(samples: int, value: Value, digits: Value = 0.0) -> Value:
        def rounded(each: Value) -> Tensor:
            bare = number(each, samples).detach()
            unit = 10.0 ** number(digits, samples).detach().trunc()
            # What is a hair off only because it is held in binary is rounded as it is written.
            scaled = _tidy(bare.abs() * unit)
            return bare.sign() * kept(scaled) / unit

        return value.mapped(rounded) if isinstance(value, Array) else rounded(value)

    return called


def _tidy(value: Tensor) -> Tensor:
    """Return a number, or the half that is nearest to it if that has the same 15 digits."""
    import torch

    near = (value * 2).round() / 2
    return torch.where((value - near).abs() <= 4e-16 * value.abs(), near, value)


of_cells("ROUND")(_digits(lambda x: (x + 0.5).floor()))
of_cells("ROUNDUP")(_digits(lambda x: x.ceil()))
of_cells("ROUNDDOWN", "TRUNC")(_digits(lambda x: x.floor()))


@of_cells("MOD")
def _mod(samples: int, value: Value, divisor: Value) -> Value:
    a, b = number(value, samples), number(divisor, samples)
    return a - b * divided(a, b).detach().floor()


@of_cells("QUOTIENT")
def _quotient(samples: int, value: Value, divisor: Value) -> Value:
    return divided(number(value, samples), number(divisor, samples)).detach().trunc()


@of_cells("CEILING", "CEILING.MATH", "CEILING.PRECISE", "ISO.CEILING")
def _ceiling(samples: int, value: Value, unit: Value = 1.0, _mode: Value = None) -> Value:
    step = number(unit, samples).detach()
    return divided(number(value, samples).detach(), step).ceil() * step


@of_cells("FLOOR", "FLOOR.MATH", "FLOOR.PRECISE")
def _floor(samples: int, value: Value, unit: Value = 1.0, _mode: Value = None) -> Value:
    step = number(unit, samples).detach()
    return divided(number(value, samples).detach(), step).floor() * step


@of_cells("COMBIN")
def _combin(samples: int, n: Value, k: Value) -> Value:
    a, b = (number(x, samples).detach().floor() for x in (n, k))
    return ((a + 1).lgamma() - (b + 1).lgamma() - (a - b + 1).lgamma()).exp().round()


@of_cells("NORM.S.DIST", "NORMSDIST")
def _normal(samples: int, value: Value, cumulative: Value = True) -> Value:
    x = number(value, samples)
    if bool(number(cumulative, samples).flatten()[0]):
        return (1 + (x / math.sqrt(2)).erf()) / 2
    return (-x * x / 2).exp() / math.sqrt(2 * math.pi)


@of_cells("NORM.S.INV", "NORMSINV")
def _normal_inverse(samples: int, value: Value) -> Value:
    import torch

    inverse = within(lambda x: math.sqrt(2) * torch.erfinv(2 * x - 1), lambda x: (x > 0) & (x < 1))
    return inverse(number(value, samples))


@of_cells("NORM.INV", "NORMINV")
def _normal_of(samples: int, value: Value, mean: Value, deviation: Value) -> Value:
    scaled = _normal_inverse(samples, value) * number(deviation, samples)
    return number(mean, samples) + scaled


@of_cells("NORM.DIST", "NORMDIST")
def _normal_with(
    samples: int, value: Value, mean: Value, deviation: Value, cumulative: Value = True
) -> Value:
    spread = number(deviation, samples)
    scaled = divided(number(value, samples) - number(mean, samples), spread)
    found = _normal(samples, scaled, cumulative)
    return found if bool(number(cumulative, samples).flatten()[0]) else divided(found, spread)


@of_cells("N")
def _n(samples: int, value: Value) -> Value:
    return (
        0.0
        if isinstance(value, str)
        else value
        if isinstance(value, CellError)
        else number(value, samples)
    )
