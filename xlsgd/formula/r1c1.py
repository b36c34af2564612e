"""Formula text to a key that is the same for all cells that were filled down or right.

``=D9*$B$5`` in E9 and ``=D10*$B$5`` in E10 are one formula to a person and two texts to a
program.  Excel's R1C1 notation writes both as ``RC[-1]*R5C2``.  A ``Relative`` is the same idea:
the text with its references taken out, and beside it where each of them points as seen from the
cell.  In the text they are replaced by addresses on made-up sheets (``S0!A1``, ``S1!A1``, ...), so
that it can still be parsed, once for all cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xlsgd.base.cells import LAST_COLUMN, LAST_ROW, column_letters, column_number

__all__ = [
    "Area",
    "Refused",
    "Relative",
    "Slot",
    "address",
    "read_area",
    "relative_rows",
    "slot_for",
    "tokens",
]


class Refused(Exception):
    """A formula that cannot be calculated; the message says why."""


class Slot(NamedTuple):
    """Where one operand of a formula is found, as seen from the formula's cell.

    sheet: the sheet's name in lower case, None for the formula's own sheet.
    kind: ``"cell"``, ``"range"``, or ``"row"`` and ``"column"`` for the number that ``ROW()``
        and ``COLUMN()`` give.
    corners: top, left, bottom and right, each ``(True, number)`` if written with ``$`` and
        ``(False, offset from the cell)`` if not.
    """

    sheet: str | None
    kind: str
    corners: tuple[tuple[bool, int], ...]

    def at(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return top, left, bottom and right for the formula in this cell.

        ``A$5:A9`` filled up above row 5 turns itself over; top is the upper one all the same.
        """
        (top_fixed, top), (left_fixed, left), (bottom_fixed, bottom), (right_fixed, right) = (
            self.corners
        )
        r1, r2 = (top if top_fixed else row + top), (bottom if bottom_fixed else row + bottom)
        c1, c2 = (left if left_fixed else column + left), (right if right_fixed else column + right)
        return min(r1, r2), min(c1, c2), max(r1, r2), max(c1, c2)


class Relative(NamedTuple):
    """The key of a formula: equal for two cells if and only if they hold the same formula.

    text: the formula with operand number i written ``Si!A1``, or ``Si!A1:B2`` for a range.
    slots: where operand number i is found.
    """

    text: str
    slots: tuple[Slot, ...]


class Area(NamedTuple):
    """A reference as written: ``$B5`` is row 5, not fixed, column 2, fixed."""

    corners: tuple[tuple[bool, int], ...]  # top, left, bottom, right: (has a $, number)
    is_range: bool


def address(sheet: str, row: int, column: int) -> str:
    """Write a cell for a message, as in ``'two neurons'!B7``."""
    plain = re.fullmatch(r"[^\W\d][\w.]*", sheet)
    quoted = sheet if plain else "'" + sheet.replace("'", "''") + "'"
    return f"{quoted}!{column_letters(column)}{row}"


_CORNER = re.compile(r"(?P<left>\$?)(?P<letters>[A-Za-z]*)(?P<upper>\$?)(?P<digits>[0-9]*)")


def _corner(text: str, row: int, column: int) -> list[tuple[bool, int]]:
    """Read ``$B$5``; the row of ``$B`` and the column of ``$5`` are the given ones, fixed."""
    match = _CORNER.fullmatch(text)
    assert match is not None, text
    letters, digits = match["letters"], match["digits"]
    # In "$5" the only dollar is the row's, though it stands where a column's would.
    upper = match["upper"] or (match["left"] if not letters else "")
    return [
        (bool(upper), int(digits)) if digits else (True, row),
        (bool(match["left"]), column_number(letters)) if letters else (True, column),
    ]


def read_area(text: str) -> Area | None:
    """Read ``$B$5``, ``A1:B9``, ``A:C`` or ``5:7``; None if no sheet is that large."""
    first, colon, last = text.partition(":")
    top, left = _corner(first, 1, 1)
    bottom, right = _corner(last, LAST_ROW, LAST_COLUMN) if colon else (top, left)
    if max(top[1], bottom[1]) > LAST_ROW or max(left[1], right[1]) > LAST_COLUMN:
        return None
    return Area((top, left, bottom, right), bool(colon))


def relative_rows(text: str, row: int, offsets: list[int]) -> str:
    """Put ``%d`` for each row number without ``$``, and its distance from row into offsets."""

    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return match[0]
        offsets.append(int(match[2]) - row)
        return "%d"

    return re.sub(r"(\$?)([0-9]+)", replaced, text)


def slot_for(sheet: str | None, kind: str, area: Area, row: int, column: int) -> Slot:
    """Return the slot that an area has as seen from the cell at row and column."""
    here = (row, column, row, column)
    corners = tuple(
        (fixed, number if fixed else number - origin)
        for (fixed, number), origin in zip(area.corners, here, strict=True)
    )
    return Slot(sheet, kind, corners)


_SHEET = r"(?:'(?:[^']|'')+'|[^\W\d][\w.]*(?::[^\W\d][\w.]*)?)!"
# Both cases are listed, since re.IGNORECASE would take "\u017f" and the Kelvin sign for letters.
_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]{0,6}"
_END = r"(?![\w.(!\[\\?])"
_AREA = (
    rf"(?:{_CELL}:{_CELL}{_END}|{_CELL}{_END}|\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}{_END}"
    rf"|\$?[1-9][0-9]{{0,6}}:\$?[1-9][0-9]{{0,6}}{_END})"
)
_TOKEN = re.compile(
    rf"""
      (?P<string> "(?:[^"]|"")*" )
    | (?P<place> (?P<which>[Rr][Oo][Ww]|[Cc][Oo][Ll][Uu][Mm][Nn])
        \(\s*(?:(?P<seen_sheet>{_SHEET})?(?P<seen>{_CELL}))?\s*\) )
    | (?P<error> (?:{_SHEET})?
        (?P<code>(?i:\#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|GETTING_DATA)))(?:{_AREA})? )
    | (?P<reference> (?P<sheet>{_SHEET})?(?P<area>{_AREA}) )
    | (?P<number> (?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?(?![\w.]) )
    | (?P<function> [^\W\d][\w.]*\( )
    | (?P<name> (?P<owner>{_SHEET})?(?P<bare>[^\W\d][\w.?\\]*|\\[\w.?\\]*) )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Cut formula text into pieces; ``lastgroup`` of each tells what it is.

    string; place, ``ROW()`` and the like; error; reference, with sheet and area; number;
    function, with its bracket; name, with owner and bare; other, a single character.
    """
    return _TOKEN.finditer(text)
