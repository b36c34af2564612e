"""Arguments that formulas would work on for hours.

Excel answers ``=FACT(1000000000)`` with ``#NUM!`` at once; formulas multiplies.  Nothing can
interrupt Python in such a multiplication, so a formula is refused before it begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from xlsgd.engines.fast.expression import Call, Constant, Expression
from xlsgd.formula.r1c1 import Refused

__all__ = ["LARGEST_ARGUMENT", "check_arguments", "names_limited"]

LARGEST_ARGUMENT = {
    "EXPAND": {1: 1000, 2: 100},
    "FACT": {0: 10_000},
    "FACTDOUBLE": {0: 10_000},
    "MAKEARRAY": {0: 1000, 1: 100},
    "MUNIT": {0: 300},
    "PERMUT": {0: 10_000},
    "PERMUTATIONA": {1: 10_000},
    "ROUND": {1: 400},
    "ROUNDDOWN": {1: 400},
    "ROUNDUP": {1: 400},
    "TRUNC": {1: 400},
}
"""By function and number of the argument: more than any result that fits a cell asks for."""


MOST_WILDCARDS = 8
"""Asterisks in a text that is looked for: each multiplies the ways in which it may be found."""

_LOOKED_FOR = {
    **dict.fromkeys(("COUNTIF", "SUMIF", "AVERAGEIF"), range(1, 2)),
    "COUNTIFS": range(1, 256, 2),
    **dict.fromkeys(("SUMIFS", "AVERAGEIFS", "MAXIFS", "MINIFS"), range(2, 256, 2)),
    **dict.fromkeys(("MATCH", "XMATCH", "VLOOKUP", "HLOOKUP", "XLOOKUP"), range(1)),
}
"""By function, which arguments are texts that are looked for."""


def names_limited(text: str) -> bool:
    """Return whether a formula names one of these functions, wherever it stands."""
    functions = re.findall(r"([A-Z.]+)\(", text.upper())
    return any(name.removeprefix("_XLFN.") in LARGEST_ARGUMENT for name in functions)


def check_arguments(expression: Expression, value_of: Callable[[str], object]) -> None:
    """Raise Refused if an argument is too large.

    value_of: gives the value of a node by its id; called only for arguments listed above.
    """
    for node in expression.nodes.values():
        if not isinstance(node, Call):
            continue
        for number in _LOOKED_FOR.get(node.name, ()):
            if number >= len(node.arguments):
                break
            sought = expression.nodes.get(node.arguments[number])
            text = sought.value if isinstance(sought, Constant) else None
            if sought is not None and not isinstance(sought, Constant):
                with suppress(Refused):  # a range of them: the formula itself says what it gives
                    text = value_of(node.arguments[number])
            if isinstance(text, str) and text.count("*") > MOST_WILDCARDS:
                raise Refused(
                    f"{node.name} of a text with {text.count('*')} asterisks: formulas would take "
                    "very long"
                )
        for number, largest in LARGEST_ARGUMENT.get(node.name, {}).items():
            if number >= len(node.arguments):
                continue
            value = value_of(node.arguments[number])
            if not isinstance(value, (int, float, str)):
                continue
            try:
                size = abs(float(value))
            except ValueError:
                continue  # no number: formulas gives an error value at once
            if size > largest:
                raise Refused(f"{node.name} of {size:g}: formulas would take very long")
