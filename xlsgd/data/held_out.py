"""Which rows of a table validate: those that a column names, or a share of them at its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xlsgd.base.errors import DataError, SpecError

__all__ = ["last_rows", "marked_rows", "share_in"]

_KINDS = (
    ("0", "1"),
    ("false", "true"),
    ("train", "valid"),
    ("train", "validation"),
    ("training", "validation"),
)
"""What a row that trains may be called, and beside it one that validates."""
_NEED = "need 0 and 1, false and true, or train and valid"
_SHOWN = 4
"""Kinds of rows that a message names."""


def share_in(validation: str | float) -> float | None:
    """Return the share of rows that shall validate, None where it is the name of a column.

    Raises SpecError for a number that is no share.
    """
    try:
        share = float(validation)
    except ValueError:
        return None
    if not 0 < share < 1 or isinstance(validation, bool):
        raise SpecError(
            f"validation: got {validation}, need a column that says which rows validate, or a "
            "share of the rows between 0 and 1, such as 0.2"
        )
    return share


def last_rows(rows: int, share: float, file: str) -> list[bool]:
    """Return which rows validate if the last share of them do, rounded to whole rows.

    Raises DataError if none or all of them would.
    """
    held = math.floor(share * rows + 0.5)
    if not 0 < held < rows:
        raise DataError(
            f"{file}: validation {share:g} of {rows:,} {'row' if rows == 1 else 'rows'} would be "
            f"{held:,}; need at least one row that trains and one that validates. Take another "
            "share, or add rows."
        )
    return [i >= rows - held for i in range(rows)]


def marked_rows(column: Sequence[Any], name: str, file: str) -> list[bool]:
    """Return which rows validate if a column says so: 0 and 1, false and true, train and valid.

    Raises DataError for other words, and if no row trains or none validates.
    """
    cells = list(map(_kind, column))
    kinds = list(dict.fromkeys(cells))
    place = f"{file}, column {name}"
    if len(kinds) > 2:
        listed = ", ".join(kinds[:_SHOWN]) + (", …" if len(kinds) > _SHOWN else "")
        raise DataError(
            f"{place}: got {len(kinds):,} kinds of rows, {listed}; {_NEED}. Leave out what "
            "neither trains nor validates, or name another column."
        )
    known = {word for pair in _KINDS for word in pair}
    for i, kind in enumerate(cells, 1):
        if kind not in known:
            raise DataError(f"{file}, row {i}, column {name}: got {column[i - 1]!r}, {_NEED}.")
    pair = next((pair for pair in _KINDS if set(kinds) <= {*pair}), None)
    if pair is None:
        raise DataError(f"{place}: got {' and '.join(kinds)}, {_NEED}.")
    if len(kinds) < 2:
        missing = "validates" if kinds[0] in [trains for trains, _ in _KINDS] else "trains"
        raise DataError(f"{place}: every row says {kinds[0]}, so that no row {missing}; {_NEED}.")
    return [kind == pair[1] for kind in cells]


def _kind(cell: Any) -> str:
    """Return what a cell says of its row, numbers as short as they can be."""
    text = str(cell).strip().casefold()
    try:
        return f"{float(text):g}"
    except ValueError:
        return text
