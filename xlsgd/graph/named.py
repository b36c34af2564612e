"""Where the functions of spreadsheets are found by their names."""

from __future__ import annotations

from collections.abc import Callable

from xlsgd.graph.values import Value

__all__ = [
    "ARRAYS",
    "FUNCTIONS",
    "RANGES",
    "Function",
    "of_cells",
    "takes_arrays",
    "takes_ranges",
]

Function = Callable[..., Value]
"""Takes the number of samples and the values of its arguments."""

FUNCTIONS: dict[str, Function] = {}
"""By their names in upper case, without the prefix of newer ones."""

ARRAYS: set[str] = set()
"""Functions in whose arguments ranges are calculated with element by element."""

RANGES: set[str] = set()
"""Functions that take a range as it is; others take its cell in the formula's row or column."""


def of_cells(*names: str) -> Callable[[Function], Function]:
    """Name a function that takes one value for each of its arguments."""

    def kept(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, function))
        return function

    return kept


def takes_ranges(*names: str) -> Callable[[Function], Function]:
    """Name a function that takes ranges, but in which nothing is calculated with them."""
    RANGES.update(names)
    return of_cells(*names)


def takes_arrays(*names: str) -> Callable[[Function], Function]:
    """Name a function that takes ranges, and what is calculated with them."""
    ARRAYS.update(names)
    return takes_ranges(*names)
