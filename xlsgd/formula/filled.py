"""Does every formula of a column say the same thing about its own row?

A formula that was copied from the wrong row, lost its ``$`` or gave way to a typed number can
show the right value today and the wrong one tomorrow. So each formula has to say of its row what
its column says; what that is, xlsgd.checks.reading knows. Rows are counted within the table: an
empty row that a learner inserted changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from xlsgd.base.cells import Content, Formula, Position

__all__ = [
    "odd_rows",
    "plainly",
    "relative_form",
]

# An A1 reference with a relative row. What stands before it must not be part of a name, a
# function or an absolute row; what follows must not make it a function or a longer name.
_RELATIVE = re.compile(r"(?<![A-Za-z0-9_.$])(\$?[A-Za-z]{1,3})([0-9]+)(?![0-9A-Za-z_.(])")

# A number that is written out: not part of a name, a reference or a row in brackets.
_LITERAL = re.compile(
    r"(?<![A-Za-z0-9_.$\[=-])(?<!\[-)([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.(!\]])"
    r"|(?<=[-=<>])([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.(!\]])"
)


def relative_form(formula: str, row: int, places: Mapping[int, int]) -> str:
    """Return a formula with the rows of its relative references as ``[rows away]``.

    row: the sheet's row in which it stands.   places: row of the sheet to place in the table.
    """

    def away(match: re.Match[str]) -> str:
        target = int(match[2])
        if target in places and row in places:
            return f"{match[1]}[{places[target] - places[row]}]"
        return f"{match[1]}[={target}]"

    # Every second piece stands in quotes and is text, not references.
    pieces = formula.split('"')
    pieces[::2] = [_RELATIVE.sub(away, piece) for piece in pieces[::2]]
    return '"'.join(pieces)


_REMEMBERED = 2**15
"""Formulas; workbooks that are checked one after the other have most of theirs in common."""


@lru_cache(_REMEMBERED)
def plainly(formula: str) -> str:
    """Return what has to agree whatever a program makes of numbers and of quotes around the names
    of sheets.

    Programs write numbers as they like: 1E-12, 0.000000000001 or 1e-12.
    """
    pieces = formula.split('"')
    pieces[::2] = [_LITERAL.sub(lambda m: f"{float(m[0]):.15g}", piece) for piece in pieces[::2]]
    return re.sub(r"'([^'!]+)'!", r"\1!", '"'.join(pieces))


def odd_rows(
    cells: Mapping[Position, Content],
    table: Sequence[int],
    rows: Sequence[int],
    column: int,
    is_right: Callable[[str, int], bool],
) -> list[int]:
    """Return the rows of a column whose formula does not say what it should, or that have none.

    table: all rows of the table.   rows: those to look at: the first begins differently in
    columns that look at the row above.   is_right: whether a formula is right in a row; asked only
    where a formula is not the one above moved down.
    """
    places = {row: i for i, row in enumerate(table)}
    odd: list[int] = []
    right = False
    follows = None
    for row in rows:
        content = cells.get((row, column))
        if not isinstance(content, Formula):
            odd.append(row)
            continue
        # Nearly all formulas are the one above moved down: cheaper to say than to take apart.
        if follows is None or content != follows(row):
            right = is_right(content, row)
            follows = _formula_of(relative_form(content, row, places), table, places)
        if not right:
            odd.append(row)
    return odd


def _formula_of(
    form: str, rows: Sequence[int], places: Mapping[int, int]
) -> Callable[[int], str | None]:
    """Return a function that writes a relative form out for a row; the inverse of it."""
    pieces = re.split(r"\[(-?\d+)\]", form)
    texts, offsets = pieces[::2], [int(piece) for piece in pieces[1::2]]

    def formula(row: int) -> str | None:
        place = places[row]
        parts = [texts[0]]
        for offset, text in zip(offsets, texts[1:], strict=True):
            target = place + offset
            if not 0 <= target < len(rows):
                return None
            parts += (str(rows[target]), text)
        return "".join(parts)

    return formula
