"""Whether a file has its numbers with 15 digits, as some programs save them."""

from __future__ import annotations

from math import isfinite

from xlsgd.base.cells import WorkbookFile

__all__ = ["has_fifteen_digits"]


def has_fifteen_digits(file: WorkbookFile) -> bool:
    """Return whether all numbers that a file has saved beside formulas have at most 15 digits."""
    numbers = (value for cells in file.stored.values() for value in cells.values())
    return all(float(f"{n:.15g}") == n for n in numbers if isinstance(n, float) and isfinite(n))
