"""Expressions of a sheet that neither overflow nor lose digits, wherever x is.

``1/(1+EXP(-x))`` and ``LN(1+EXP(x))`` end at 710, beyond which a cell cannot hold the power; and
``LN(1+e)`` and ``EXP(x)-1`` lose the digits of a small e or x. These do neither, in every program.
In all of them x is a cell, or something in parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from xlsgd.base.columns import is_name, range_of

__all__ = [
    "chosen",
    "decay",
    "expm1",
    "factor",
    "greatest",
    "log1p",
    "number",
    "powers",
    "sigmoid",
    "softplus",
    "within",
]

_ZEROS = 15
"""Of these a number may have some more before or behind its digits."""
MANY = 4
"""More numbers than this are a range, where their cells stand side by side."""


def number(value: float) -> str:
    """Return a number as a formula has it, with 15 digits where they say all.

    Without an exponent, which not all programs read alike.
    """
    text = f"{value:.15g}"
    text = text if float(text) == value else repr(value)
    digits, _, power = text.partition("e")
    if not power:
        return text
    if abs(int(power)) <= _ZEROS:
        return f"{Decimal(text):f}"
    return f"{digits}*10^{int(power)}"


def factor(value: float) -> str:
    """Return a number that can stand as a factor: a negative one in parentheses."""
    return f"({number(value)})" if value < 0 else number(value)


def decay(x: str) -> str:
    """Return e^−|x|: never above 1."""
    return f"EXP(-ABS({_bare(x)}))"


def sigmoid(x: str) -> str:
    """Return 1/(1 + e^−x), a quotient."""
    return f"IF({_bare(x)}<0,{decay(x)},1)/(1+{decay(x)})"


def log1p(e: str) -> str:
    """Return ln(1 + e) for e from 0 to 1, a product.  e: a factor."""
    return f"2*ATANH({e}/(2+{e}))"


def expm1(x: str) -> str:
    """Return e^x − 1 for x up to 0, a product."""
    return f"TANH({x}/2)*(EXP({_bare(x)})+1)"


def softplus(x: str) -> str:
    """Return ln(1 + e^x), a sum."""
    return f"MAX(0,{_bare(x)})+{log1p(decay(x))}"


def greatest(x: Sequence[str]) -> str:
    """Return the greatest of several numbers."""
    if len(x) > MANY and all(map(is_name, x)):
        return f"MAX({range_of(x)})"
    return f"MAX({','.join(map(_bare, x))})"


def powers(x: Sequence[str]) -> list[str]:
    """Return e to the power of how far every number is below the greatest: never above 1."""
    return [f"EXP({each}-{greatest(x)})" for each in x]


def chosen(x: Sequence[str], at: str) -> str:
    """Return the number in place ``at``, counted from 0, of several: a factor."""
    if len(x) > MANY and all(map(is_name, x)):
        # The 1: to Gnumeric, a single index into one row of cells is the number of a row.
        # In a SUM it is a range for sure: elsewhere Excel would write @ before it.
        return f"SUM(INDEX({range_of(x)},1,{at}+1))"
    found = x[-1]
    for place, each in reversed(list(enumerate(x[:-1]))):
        found = f"IF({at}={place},{_bare(each)},{_bare(found)})"
    return found


def within(x: str) -> str:
    """Return an expression that can stand as a factor: one that is no cell in parentheses."""
    if re.fullmatch(r"\w+|\{[^{}]*\}", x) or _bare(x) != x:
        return x
    return f"({x})"


def _bare(x: str) -> str:
    """Return an expression without the parentheses around all of it."""
    if not (x.startswith("(") and x.endswith(")")):
        return x
    depth = 0
    for at, character in enumerate(x):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return x[1:-1] if at == len(x) - 1 else x
    return x
