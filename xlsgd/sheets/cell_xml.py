"""The cells of a sheet's XML: stored values beside formulas, all digits, and shared texts.

openpyxl writes formulas without values. Previews, phones, Protected View and pandas would then
show blanks. So the values that an engine calculated are put beside the formulas here. It also
writes every text into its own cell, which some programs show as empty; Excel keeps the texts of
all sheets in a part of their own, each of them once, and so does what is written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import CellError, Position, Scalar, Uncomputed
from xlsgd.base.errors import EngineError

__all__ = ["SharedTexts", "number_text", "with_all_digits", "with_values"]

_FORMULA_CELL = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"([^>]*)><f>(.*?)</f><v\s*/?>(?:</v>)?</c>', re.DOTALL
)
_NUMBER_CELL = re.compile(rb'(<c r="([A-Z]+[0-9]+)"[^>]*><v>)([^<]*)</v>')
_TEXT_CELL = re.compile(rb' t="inlineStr">(?:<is>(<t(?:/>|[ >].*?</t>))</is>)?</c>', re.DOTALL)

_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_values(xml: bytes, sheet: str, values: Mapping[Position, Scalar | Uncomputed]) -> bytes:
    """Put a stored value beside every formula of a sheet.

    Raises EngineError where a formula has no value.
    """

    def cell(match: re.Match[bytes]) -> bytes:
        reference, attributes, formula = match[1], match[2], match[3]
        value = values[coordinate_to_tuple(reference.decode())]
        if value is None or isinstance(value, Uncomputed):
            raise EngineError(
                f"{sheet}!{reference.decode()}: no value for ={formula.decode()} ({value})"
            )
        kind, text = _stored(value)
        attributes = re.sub(rb' t="[^"]*"', b"", attributes)
        return b'<c r="%b"%b%b><f>%b</f><v>%b</v></c>' % (
            reference, attributes, kind, formula, text.encode()
        )  # fmt: skip

    return _FORMULA_CELL.sub(cell, xml)


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
