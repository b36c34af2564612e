"""The cells of a sheet's XML: stored values beside formulas, all digits, and shared texts.

openpyxl writes formulas without values. Previews, phones, Protected View and pandas would then
show blanks. So the values that an engine calculated are put beside the formulas here. It also
writes every text into its own cell, which some programs show as empty; Excel keeps the texts of
all sheets in a part of their own, each of them once, and so does what is written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import CellError, Position, Scalar, Uncomputed, column_number
from xlsgd.base.errors import EngineError
from xlsgd.base.moved import moved_down

__all__ = ["SharedTexts", "number_text", "with_all_digits", "with_values"]

_FORMULA_CELL = re.compile(
    rb'<c r="([A-Z]+)([0-9]+)"([^>]*)><f>(.*?)</f><v\s*/?>(?:</v>)?</c>', re.DOTALL
)
_NUMBER_CELL = re.compile(rb'(<c r="([A-Z]+[0-9]+)"[^>]*><v>)([^<]*)</v>')
_TEXT_CELL = re.compile(rb' t="inlineStr">(?:<is>(<t(?:/>|[ >].*?</t>))</is>)?</c>', re.DOTALL)

_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_values(xml: bytes, sheet: str, values: Mapping[Position, Scalar | Uncomputed]) -> bytes:
    """Put a stored value beside every formula of a sheet.

    A formula that goes on down its column is written once, as Excel does it, and those below say
    that they share it.  Raises EngineError where a formula has no value.
    """
    shared = _Shared()
    for match in _FORMULA_CELL.finditer(xml):
        shared.add(match[1], int(match[2]), match[4].decode())
    columns: dict[bytes, int] = {}

    def cell(match: re.Match[bytes]) -> bytes:
        letters, row, attributes, formula = match[1], int(match[2]), match[3], match[4]
        if letters not in columns:
            columns[letters] = column_number(letters.decode())
        value = values[row, columns[letters]]
        if value is None or isinstance(value, Uncomputed):
            raise EngineError(
                f"{sheet}!{letters.decode()}{row}: no value for ={formula.decode()} ({value})"
            )
        kind, text = _stored(value)
        attributes = re.sub(rb' t="[^"]*"', b"", attributes)
        return b'<c r="%b%d"%b%b>%b<v>%b</v></c>' % (
            letters, row, attributes, kind, shared.element(letters, row, formula), text.encode()
        )  # fmt: skip

    return _FORMULA_CELL.sub(cell, xml)


_TEXT_LIKE_A_CELL = re.compile(r'"[^"]*\b[A-Za-z]{1,3}[0-9]+\b[^"]*"')


@dataclass
class _Run:
    """A formula that goes on down a column, from one row to another."""

    first: int
    last: int
    moved: Callable[[int], str | None]
    number: int = -1


class _Shared:
    """Which formulas of a sheet are those above moved down."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Run] = {}
        self._of: dict[tuple[bytes, int], _Run] = {}
        self._runs = 0

    def add(self, letters: bytes, row: int, formula: str) -> None:
        """Take in a formula; those of a column come from the top to the bottom."""
        run = self._open.get(letters)
        if run and row == run.last + 1 and run.moved(row - run.first) == formula:
            run.last = row
            if run.number < 0:
                run.number, self._runs = self._runs, self._runs + 1
        else:
            # Excel itself shares no formula that looks at another sheet. In a text that looks like
            # a cell, such as "a1", ExcelJS moves the row.
            alone = "!" in formula or _TEXT_LIKE_A_CELL.search(formula) is not None
            moved = None if alone else moved_down(formula)
            if moved is None:
                self._open.pop(letters, None)
                return
            run = self._open[letters] = _Run(row, row, moved)
        self._of[letters, row] = run

    def element(self, letters: bytes, row: int, formula: bytes) -> bytes:
        """Return the XML of a formula."""
        run = self._of.get((letters, row))
        if run is None or run.number < 0:
            return b"<f>%b</f>" % formula
        if row > run.first:
            return b'<f t="shared" si="%d"/>' % run.number
        area = b"%b%d:%b%d" % (letters, row, letters, run.last)
        return b'<f t="shared" ref="%b" si="%d">%b</f>' % (area, run.number, formula)


def with_all_digits(xml: bytes, sheet: Worksheet) -> bytes:
    """Write constants out in full: openpyxl stops after 16 digits, where some need 17."""
    short = {
        cell.coordinate.encode(): repr(cell.value).encode()
        for cell in sheet._cells.values()
        if isinstance(cell.value, float) and float(f"{cell.value:.16g}") != cell.value
    }

    def cell(match: re.Match[bytes]) -> bytes:
        return match[1] + short.get(match[2], match[3]) + b"</v>"

    return _NUMBER_CELL.sub(cell, xml) if short else xml


def number_text(value: float) -> str:
    """Return a number as a part of the file says it, with all its digits."""
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _stored(value: float | str | bool | CellError) -> tuple[bytes, str]:
    """Return the type attribute and the text with which a cell stores a value."""
    if isinstance(value, bool):
        return b' t="b"', str(int(value))
    if isinstance(value, str):
        return b' t="str"', escape(value)
    if isinstance(value, CellError):
        # Engines name an overflow differently; Excel's name for it is #NUM!.
        return b' t="e"', "#NUM!" if value.code == "#VALUE!" else value.code
    return b"", number_text(value)


class SharedTexts:
    """The texts of all sheets, in the order in which they are first met."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._used = 0

    def moved(self, xml: bytes) -> bytes:
        """Take the texts out of a sheet's cells, and leave their numbers there."""

        def cell(match: re.Match[bytes]) -> bytes:
            if match[1] is None:  # a text without letters
                return b"></c>"
            self._used += 1
            number = self._numbers.setdefault(match[1], len(self._numbers))
            return b' t="s"><v>%d</v></c>' % number

        return _TEXT_CELL.sub(cell, xml)

    def part(self) -> bytes:
        """Return the part that holds them."""
        texts = b"".join(b"<si>%b</si>" % text for text in self._numbers)
        return b'<sst xmlns="%b" count="%d" uniqueCount="%d">%b</sst>' % (
            _MAIN, self._used, len(self._numbers), texts
        )  # fmt: skip
