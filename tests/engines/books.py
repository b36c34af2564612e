"""Small books for the tests of engines, written as a person would: ``{"A1": 2, "B1": "=A1*3"}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xlsgd.base.cells import Book, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.engines import Calculation, get_engine


def position(address: str) -> Position:
    match = re.fullmatch(r"([A-Z]+)([0-9]+)", address)
    assert match is not None
    letters, digits = match.groups()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits), column


def grid(cells: Mapping[str, Any]) -> Grid:
    """Texts that begin with ``=`` become formulas."""
    return {
        position(address): Formula(content)
        if isinstance(content, str) and content[:1] in ("=", "{")
        else content
        for address, content in cells.items()
    }


def book(cells: Mapping[str, object] | None = None, **sheets: Mapping[str, object]) -> Book:
    """Return a book; cells go to a sheet called ``Sheet``, which then is the first."""
    first = {} if cells is None else {"Sheet": cells}
    return Book({name: grid(content) for name, content in {**first, **sheets}.items()})


def calculate(of: Book) -> Calculation:
    return get_engine("formulas").calculate(of)


def value(formula: str, cells: Mapping[str, object] | None = None) -> Scalar | Uncomputed:
    """Return the value of a formula in Z99 of a sheet with these cells."""
    result = calculate(book({**(cells or {}), "Z99": formula}))
    return result.values["Sheet"][position("Z99")]
