"""Are the values that stand beside the formulas those that the formulas give?

A saved value is right if it is what recalculation gives. It is right too if its formula gives it
for the values that are saved beside it: another program has other last digits, and a run that
explodes makes first digits of them, but each number must follow from those it was made from. So
every saved number counts, in every run: a wrong one has no operands to excuse it, and what was
made of it is no mistake.

Where a program has calculated with other digits, a value that is what recalculation gives must
follow from the values beside it all the same: that program cannot have had it from ours. Only what
stands beside a wrong value may contradict it. A file in which nothing but single values are stale
or typed in was not calculated otherwise: there recalculation alone is the measure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from xlsgd.base.cells import (
    CellError,
    Formula,
    Position,
    Scalar,
    Uncomputed,
    WorkbookFile,
    column_letters,
)
from xlsgd.checks.differences import values_in
from xlsgd.checks.fifteen_digits import has_fifteen_digits
from xlsgd.engines.fast.needed import Place
from xlsgd.engines.stored import habits_of
from xlsgd.report.compare import SAFETY, Tolerance, kind_of

if TYPE_CHECKING:
    from xlsgd.engines.fast.following import Following

__all__ = ["Saved", "as_saved", "stands_alone", "wrongly_saved"]

Value = Scalar | Uncomputed
Given = Mapping[str, Mapping[Position, Scalar]]

MEMBERS = 24
"""How often a formula is calculated with operands that are moved: so often that two of them, whose
difference it is, move the same way every time in one of ten million cases."""

COUNTS = 2.0**31
"""Whole numbers up to this are counts and typed-in numbers, which no rounding moves."""

DIGITS = 15
"""Significant digits in which some programs save numbers."""
HIDDEN = 1e-6
"""Share of the largest operand up to which digits that a program does not save may show."""


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
        return value == saved or abs(saved - value) <= tolerance.around(value)
    same_kind = kind_of(saved) == kind_of(value)
    return same_kind and (saved == value or not isinstance(value, str | bool))


def wrongly_saved(
    file: WorkbookFile,
    doubts: Iterable[Place],
    tolerance: Tolerance,
    notes: list[str] | None = None,
    agreeing: Iterable[Place] = (),
    calculated: Mapping[Place, Value] | None = None,
) -> dict[Place, Saved]:
    """Return the saved values that their formulas do not give for the values saved beside them.

    doubts: formula cells whose saved value is not what recalculation gives.
    agreeing: those whose saved value is; asked where some of the others are right.
    notes: gets a sentence on what a rule excuses, which the user should know.
    calculated: what recalculation gives for the doubts.
    """
    from xlsgd.engines.formulas import ENGINE

    given = {sheet: values_in(grid, file.stored[sheet]) for sheet, grid in file.book.sheets.items()}
    doubts = list(doubts)
    with ENGINE.following(file.book, given) as following:
        found = _unexplained(doubts, following, given, tolerance, file, notes)
        if len(found) < len(doubts):
            more = _unexplained(agreeing, following, given, tolerance, file, None)
            rounded = {
                place: value
                for place, value in (calculated or {}).items()
                if place not in found and given[place[0]][place[1]] == 0.0 and _is_number(value)
            }
            kept = {
                place
                for place in more
                if _may_be_kept(place, given, file)
                or _kept_before_rounding(place, rounded, following, given, tolerance, file)
            }
            _tell(notes, kept, _KEPT)
            for place, wrong in more.items():
                if place not in kept and not following.operands([place]) & found.keys():
                    found[place] = wrong
    return found


def _may_be_kept(place: Place, given: Given, file: WorkbookFile) -> bool:
    """Return whether a saved value may be what the file had before LibreOffice opened it.

    LibreOffice (7.4) takes the numbers of a file that another program has calculated, but for some
    columns of formulas, which it calculates with roundings of its own. A count of what happened
    there that stands by itself, such as the step in which a derivative froze, stays what
    recalculation gives, and need not follow from them.
    """
    value = given[place[0]][place[1]]
    if not re.match("LibreOffice", file.saved_by) or not isinstance(value, float):
        return False
    return value.is_integer() and stands_alone(file, place)


def _kept_before_rounding(
    place: Place,
    rounded: Mapping[Place, float],
    following: Following,
    given: Given,
    tolerance: Tolerance,
    file: WorkbookFile,
) -> bool:
    """Return whether a saved value is the one that LibreOffice found in the file, and follows from
    what it found there too, before it calculated that anew and made a small difference 0.

    rounded: what recalculation gives for cells that are saved as 0, as rounding explains.
    """
    if not re.match("LibreOffice", file.saved_by) or not stands_alone(file, place):
        return False
    before = {each: rounded[each] for each in following.operands([place]) & rounded.keys()}
    saved = given[place[0]][place[1]]
    return bool(before) and as_saved(following.values([place], before)[place], saved, tolerance)


def stands_alone(file: WorkbookFile, place: Place) -> bool:
    """Return whether a formula is filled neither from the cell above nor into that below."""
    sheet, (row, column) = place
    grid = file.book.sheets[sheet]
    here, *beside = (re.sub(r"\d+", "", str(grid.get((row + away, column)))) for away in (0, -1, 1))
    return here not in beside


def _unexplained(
    places: Iterable[Place],
    following: Following,
    given: Given,
    tolerance: Tolerance,
    file: WorkbookFile,
    notes: list[str] | None,
) -> dict[Place, Saved]:
    """Return the saved values of cells that do not follow from the values saved beside them."""
    places = list(places)
    found: dict[Place, Saved] = {}
    for place, value in following.values(places).items():
        saved = given[place[0]][place[1]]
        if not as_saved(value, saved, tolerance):
            found[place] = Saved(saved, value)
    suspected = found
    beyond = _beyond_float64(given)
    found, unknown = _within_float64(places, suspected, following, given, tolerance, beyond)
    _tell(notes, suspected.keys() & unknown, _BEYOND)
    suspected = found
    found = _not_read_as_zero(suspected, following, given, tolerance, file)
    _tell(notes, suspected.keys() - found.keys(), _READ_AS_ZERO)
    if not found or not _drifts(file):
        return {p: _measured(wrong, tolerance) for p, wrong in found.items()}
    operands = following.operands(found)
    moved = [following.values(found, m | beyond[0]) for m in _moves(given, operands, file, COUNTS)]
    everything = [
        following.values(found, m | beyond[0]) for m in _moves(given, operands, file, 0.0)
    ]
    largest = {
        place: max(
            (abs(v) for s, p in following.operands([place]) if _is_number(v := given[s][p])),
            default=0.0,
        )
        for place in found
    }
    for place, wrong in [*found.items()]:
        members = [wrong.follows, *(values[place] for values in moved)]
        judged = _judged(wrong.saved, members, tolerance)
        hidden = [wrong.follows, *(values[place] for values in everything)]
        if judged is None or _is_hidden(wrong.saved, hidden, largest[place], tolerance):
            del found[place]
        else:
            found[place] = judged
    return found


_BEYOND = (
    "saved from numbers beyond 1.8e308, which only the program that saved the file has: not checked"
)
_READ_AS_ZERO = (
    "LibreOffice took an error for 0 when it opened the file without calculating it; there, "
    "Ctrl+Shift+F9 calculates everything"
)
_KEPT = (
    "LibreOffice kept it when it opened the file, and calculated what it follows from anew; there, "
    "Ctrl+Shift+F9 calculates everything"
)


def _tell(notes: list[str] | None, excused: Set[Place], why: str) -> None:
    """Add a note on saved values that a rule excuses."""
    if notes is None or not excused:
        return
    sheet, (row, column) = min(excused)
    more = f" and {len(excused) - 1:,} more" if len(excused) > 1 else ""
    notes.append(f"{sheet}!{column_letters(column)}{row}{more}: {why}")


def _beyond_float64(given: Given) -> list[dict[Place, float]]:
    """Return numbers for the cells whose own are too large for float64, some times over.

    They are beyond everything else, and yet some of them can be added up.
    """
    cells = {
        (sheet, position): cell.too_large
        for sheet, values in given.items()
        for position, cell in values.items()
        if isinstance(cell, CellError) and cell.too_large
    }
    rng = np.random.default_rng(0)
    return [
        {cell: sign * 10 ** rng.uniform(290, 300) for cell, sign in cells.items()} for _ in range(3)
    ]


def _within_float64(
    places: Iterable[Place],
    found: dict[Place, Saved],
    following: Following,
    given: Given,
    tolerance: Tolerance,
    beyond: list[dict[Place, float]],
) -> tuple[dict[Place, Saved], set[Place]]:
    """Return what is wrong as a program with wider numbers has it, and what cannot be told.

    found: of the places, those whose saved value does not follow in float64.
    beyond: numbers for those that are too large.

    Where a program goes on beyond float64, a number that follows from such numbers is anybody's
    guess, but not a count of them, a limit that they pass, or a step: these are the same for all of
    them, and not what follows from an error.
    """
    cells = beyond[0]
    if not cells:
        return found, set()
    touched = [place for place in places if following.operands([place]) & cells.keys()]
    tried = [following.values(touched, numbers) for numbers in beyond]
    known = {place: wrong for place, wrong in found.items() if place not in set(touched)}
    unknown = set()
    for place in touched:
        value, *others = (each[place] for each in tried)
        saved = given[place[0]][place[1]]
        same = all(as_saved(other, value, tolerance) for other in others)
        # No number overflows to #N/A: a formula that gives it has passed a limit.
        if not same or (isinstance(value, CellError) and value.code != "#N/A"):
            unknown.add(place)
        elif not as_saved(value, saved, tolerance):
            known[place] = Saved(saved, value)
    return known, unknown


def _not_read_as_zero(
    found: dict[Place, Saved],
    following: Following,
    given: Given,
    tolerance: Tolerance,
    file: WorkbookFile,
) -> dict[Place, Saved]:
    """Return the values without those that LibreOffice made of an error that it took for 0.

    It does so with some errors of a file that it opens without calculating it (7.4: the first cell
    of a group of formulas that looks at one). The other cells follow from that.
    """
    if not re.match("LibreOffice", file.saved_by):
        return found
    excused = set()
    for place, wrong in found.items():
        if not isinstance(wrong.follows, CellError) or not isinstance(wrong.saved, float):
            continue
        zeros = {
            (s, p): 0.0
            for s, p in following.operands([place])
            if isinstance(given[s][p], CellError)
        }
        if as_saved(following.values([place], zeros)[place], wrong.saved, tolerance):
            excused.add(place)
    return {place: wrong for place, wrong in found.items() if place not in excused}


def _drifts(file: WorkbookFile) -> bool:
    """Return whether the numbers of a file are not those its program calculated with, or it makes
    small differences 0: else each formula has the very operands that stand in the file."""
    return bool(habits_of(file.saved_by)) or has_fifteen_digits(file)


def _is_hidden(saved: Scalar, members: list[Value], largest: float, tolerance: Tolerance) -> bool:
    """Return whether a small number is what is left of digits that a program has and does not save.

    members: what the formula gives where whole numbers among its operands move too.
    """
    if not isinstance(saved, float) or not all(map(_is_number, members)):
        return False
    values = np.array(members, dtype=float)
    spread = float(np.abs(values - values[0]).max())
    if spread > HIDDEN * largest:
        return False  # it was no rounding that moved it: a count, a step
    return abs(saved - float(values[0])) <= SAFETY * spread + tolerance.around(float(values[0]))


def _measured(wrong: Saved, tolerance: Tolerance) -> Saved:
    """Return a wrong value with how far it is off."""
    if not (isinstance(wrong.saved, float) and isinstance(wrong.follows, float)):
        return wrong
    off = abs(wrong.saved - wrong.follows)
    return Saved(wrong.saved, wrong.follows, off, tolerance.around(wrong.follows))


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
    allowed = tolerance.around(value)
    allowed += SAFETY * max(abs(number - value) for number in numbers)
    off = abs(saved - value)
    return None if off <= allowed else Saved(saved, value, off, allowed)


def _moves(
    given: Given, operands: set[Place], file: WorkbookFile, counts: float
) -> list[dict[Place, float]]:
    """Return operands as rounding leaves them open, once for every member.

    counts: whole numbers below this stay as they are.

    By a unit in the last place, and where the file's numbers have 15 digits by half a unit of the
    15th too, which is what saving has cut off.
    """
    places = sorted(place for place in operands if _has_digits(given[place[0]][place[1]], counts))
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


def _is_number(value: Value) -> TypeGuard[float]:
    return isinstance(value, float) and isfinite(value)


def _has_digits(value: Scalar, counts: float) -> bool:
    """Return whether a value is a number that rounding may have moved."""
    if not _is_number(value) or value == 0:
        return False
    return not (value.is_integer() and abs(value) < counts)
