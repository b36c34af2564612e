"""Are the values that stand beside the formulas those that the formulas give?

A saved value is right if it is what recalculation gives. It is right too if its formula gives it
for the values that are saved beside it: another program has other last digits, and a run that
explodes makes first digits of them, but each number must follow from those it was made from. So
every saved number counts, in every run: a wrong one has no operands to excuse it, and what was
made of it is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from xlsgd.cells import CellError, Formula, Position, Scalar, Uncomputed, WorkbookFile
from xlsgd.compare import SAFETY, Tolerance, kind_of

__all__ = ["Place", "Saved", "as_saved", "wrongly_saved"]

Place = tuple[str, Position]
"""A cell: sheet and position."""

Value = Scalar | Uncomputed

MEMBERS = 24
"""How often a formula is calculated with operands that are moved: so often that two of them, whose
difference it is, move the same way every time in one of ten million cases."""

COUNTS = 2.0**31
"""Whole numbers up to this are counts and typed-in numbers, which no rounding moves."""

DIGITS = 15
"""Significant digits in which some programs save numbers."""


@dataclass(frozen=True)
class Saved:
    """A saved value that is wrong.

    follows: what its formula makes of the values saved beside it.
    off, allowed: how far it is from that, and how far it may be; None unless both are numbers.
    """

    saved: Scalar
    follows: Value
    off: float | None = None
    allowed: float | None = None


def as_saved(value: Value, saved: Value, tolerance: Tolerance) -> bool:
    """Return whether a saved value is the one that was calculated."""
    if isinstance(value, float) and isinstance(saved, float):
        return value == saved or abs(saved - value) <= _allowed(value, tolerance)
    same_kind = kind_of(saved) == kind_of(value)
    return same_kind and (saved == value or not isinstance(value, str | bool))


def wrongly_saved(
    file: WorkbookFile, doubts: Iterable[Place], tolerance: Tolerance
) -> dict[Place, Saved]:
    """Return the saved values that their formulas do not give for the values saved beside them.

    doubts: formula cells whose saved value is not what recalculation gives.
    """
    from xlsgd.engines.formulas import ENGINE

    given: dict[str, dict[Position, Scalar]] = {
        sheet: {
            position: file.stored[sheet][position] if isinstance(content, Formula) else content
            for position, content in grid.items()
        }
        for sheet, grid in file.book.sheets.items()
    }
    found: dict[Place, Saved] = {}
    with ENGINE.following(file.book, given) as following:
        # Where a program goes on beyond float64, float64 does not say what follows.
        known = [
            place
            for place in doubts
            if not any(_too_large(given[s][p]) for s, p in following.operands([place]))
        ]
        for place, value in following.values(known).items():
            saved = given[place[0]][place[1]]
            if not as_saved(value, saved, tolerance):
                found[place] = Saved(saved, value)
        if not found:
            return {}
        operands = following.operands(found)
        moved = [following.values(found, moves) for moves in _moves(given, operands, file)]
    for place, wrong in [*found.items()]:
        members = [wrong.follows, *(values[place] for values in moved)]
        judged = _judged(wrong.saved, members, tolerance)
        if judged is None:
            del found[place]
        else:
            found[place] = judged
    return found


def _allowed(value: float, tolerance: Tolerance) -> float:
    return tolerance.atol + tolerance.rtol * abs(value)


def _judged(saved: Scalar, members: list[Value], tolerance: Tolerance) -> Saved | None:
    """Return what is wrong with a saved value; None if rounding of its operands explains it.

    members: what its formula gives, for the operands as they are and as they are moved.
    """
    value = members[0]
    numbers = [member for member in members if isinstance(member, float)]
    if not isinstance(saved, float) or not numbers:
        fits = any(as_saved(member, saved, tolerance) for member in members)
        return None if fits else Saved(saved, value)
    if not isinstance(value, float):
        value = numbers[0]
    if all(number.is_integer() and abs(number) < COUNTS for number in numbers):
        # A count, a step, or 0 for none: one that a member has, or one between.
        fits = saved.is_integer() and min(numbers) <= saved <= max(numbers)
        return None if fits else Saved(saved, value, abs(saved - value), 0.0)
    allowed = _allowed(value, tolerance)
    allowed += SAFETY * max(abs(number - value) for number in numbers)
    off = abs(saved - value)
    return None if off <= allowed else Saved(saved, value, off, allowed)


def _moves(
    given: Mapping[str, Mapping[Position, Scalar]], operands: set[Place], file: WorkbookFile
) -> list[dict[Place, float]]:
    """Return operands as rounding leaves them open, once for every member.

    By a unit in the last place, and where the file's numbers have 15 digits by half a unit of the
    15th too, which is what saving has cut off.
    """
    places = sorted(place for place in operands if _has_digits(given[place[0]][place[1]]))
    values = np.array([given[sheet][position] for sheet, position in places], dtype=float)
    cut = has_fifteen_digits(file)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(MEMBERS):
        ulps = np.spacing(np.abs(values)) * rng.choice([-1.0, 1.0], len(values))
        moved = values + ulps
        if cut:
            half = 0.5 * 10.0 ** (np.floor(np.log10(np.abs(values))) - DIGITS + 1)
            is_formula = [isinstance(file.book.sheets[s][p], Formula) for s, p in places]
            moved += np.where(is_formula, half * rng.uniform(-1, 1, len(values)), 0.0)
        found.append(dict(zip(places, moved.tolist(), strict=True)))
    return found


def _too_large(value: Scalar) -> bool:
    return isinstance(value, CellError) and value.too_large


def _has_digits(value: Scalar) -> bool:
    """Return whether a value is a number that rounding may have moved."""
    if not isinstance(value, float) or value == 0 or not isfinite(value):
        return False
    return not (value.is_integer() and abs(value) < COUNTS)


def has_fifteen_digits(file: WorkbookFile) -> bool:
    """Return whether all numbers that a file has saved beside formulas have at most 15 digits."""
    numbers = (value for cells in file.stored.values() for value in cells.values())
    return all(float(f"{n:.15g}") == n for n in numbers if isinstance(n, float) and isfinite(n))
