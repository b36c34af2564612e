"""Does every formula of a column say the same thing about its own row?

A formula that was copied from the wrong row, lost its ``$`` or gave way to a typed number can
show the right value today and the wrong one tomorrow. So each formula is reduced to what it says
relative to its row, and has to agree with most of its column. Rows are counted within the table:
an empty row that a learner inserted changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from xlsgd.cells import Content, Formula, Position

__all__ = [
    "broken_patterns",
    "canonical",
    "loosely",
    "plainly",
    "reaches_as_far",
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
def canonical(formula: str) -> str:
    """Return a formula with every number in it written the same way.

    Programs write numbers as they like: 1E-12, 0.000000000001 or 1e-12.
    """
    pieces = formula.split('"')
    pieces[::2] = [_LITERAL.sub(lambda m: f"{float(m[0]):.15g}", piece) for piece in pieces[::2]]
    return '"'.join(pieces)


_RANGE_END = re.compile(r"(\$[A-Z]+\$[0-9]+:\$[A-Z]+)\$([0-9]+)")


@lru_cache(_REMEMBERED)
def plainly(formula: str) -> str:
    """Return what has to agree whatever a program makes of numbers and of quotes around the names
    of sheets."""
    return re.sub(r"'([^'!]+)'!", r"\1!", canonical(formula))


def loosely(formula: str) -> str:
    """Return what has to agree even where a table has been cut short at its end."""
    return _RANGE_END.sub(r"\1", plainly(formula))


def reaches_as_far(formula: str, wanted: str) -> bool:
    """Return whether no range of a formula ends above the one that is wanted: a table that has
    been cut short leaves ranges that are too long, never too short."""
    ends, needed = (
        [int(match[2]) for match in _RANGE_END.finditer(plainly(text))]
        for text in (formula, wanted)
    )
    return len(ends) == len(needed) and all(x >= y for x, y in zip(ends, needed, strict=True))


def broken_patterns(
    cells: Mapping[Position, Content],
    table: Sequence[int],
    rows: Sequence[int],
    column: int,
    wanted: str | None = None,
    strict: bool = False,
) -> dict[Position, str]:
    """Return the cells of a column that do not say what they should, and why.

    table: all rows of the table.   rows: those to look at: the first begins differently in
    columns that look at the row above.   wanted: the relative form that xlsgd writes; if strict it
    counts, else it counts if any cell has it, and what most cells say counts if none has.
    """
    places = {row: i for i, row in enumerate(table)}
    broken: dict[Position, str] = {}
    forms: dict[int, str] = {}
    usual = ""
    follows = None
    for row in rows:
        content = cells.get((row, column))
        if not isinstance(content, Formula):
            what = "nothing" if content is None else f"the constant {content!r:.60}"
            broken[row, column] = f"holds {what} where its column has a formula"
            continue
        # Nearly all formulas are the one above moved down: cheaper to say than to take apart.
        if follows is not None and content == follows(row):
            forms[row] = usual
            continue
        usual = forms[row] = relative_form(content, row, places)
        follows = _formula_of(usual, table, places)
    if not forms:
        return broken
    said = {form: canonical(form) for form in set(forms.values())}
    right = None if wanted is None else canonical(wanted)
    if wanted is not None and right not in said.values():
        said = {form: loosely(form) for form in said}
        right = loosely(wanted)
    if right not in said.values() and not strict:
        right = said[Counter(forms.values()).most_common(1)[0][0]]
    for row, form in forms.items():
        if said[form] != right:
            broken[row, column] = "does not follow the pattern of its column"
    return broken


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
