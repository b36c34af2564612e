"""The last steps to a file: stored values beside the formulas, and the same bytes every time.

openpyxl writes formulas without values. Previews, phones, Protected View and pandas would then
show blanks. So the values that an engine calculated are put beside the formulas here. Excel
calculates anew when it opens the file all the same (``fullCalcOnLoad``).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import escape

from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import CellError, Position, Scalar, Uncomputed, Values
from xlsgd.base.errors import EngineError

__all__ = ["package"]

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time that every part of the file carries: the earliest a zip file knows."""

_FORMULA_CELL = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"([^>]*)><f>(.*?)</f><v\s*/?>(?:</v>)?</c>', re.DOTALL
)

_DRAWING = b"http://schemas.openxmlformats.org/drawingml/2006/main"
_NUMBER_CELL = re.compile(rb'(<c r="([A-Z]+[0-9]+)"[^>]*><v>)([^<]*)</v>')


def package(workbook: Workbook, values: Values) -> bytes:
    """Return the bytes of an .xlsx file with a stored value beside every formula.

    values: per sheet a value for every formula cell.
    Raises EngineError where a formula has no value.
    """
    workbook.properties.created = workbook.properties.modified = datetime(*_MOMENT)
    raw = io.BytesIO()
    workbook.save(raw)
    parts = {f"xl/worksheets/sheet{i}.xml": s.title for i, s in enumerate(workbook.worksheets, 1)}
    finished = io.BytesIO()
    with (
        zipfile.ZipFile(raw) as source,
        zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name in parts:
                content = _with_values(content, parts[name], values[parts[name]])
                content = _with_all_digits(content, workbook[parts[name]])
            elif name.startswith("xl/drawings/drawing"):
                # Gnumeric draws no chart unless this prefix is declared at the root.
                content = content.replace(b"<wsDr ", b'<wsDr xmlns:a="%b" ' % _DRAWING, 1)
            elif name == "docProps/core.xml":
                # openpyxl notes the time of saving whatever it is told.
                content = re.sub(
                    rb">[0-9T:-]+Z</dcterms:", b">1980-01-01T00:00:00Z</dcterms:", content
                )
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, content)
    return finished.getvalue()


def _with_values(xml: bytes, sheet: str, values: Mapping[Position, Scalar | Uncomputed]) -> bytes:
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


def _with_all_digits(xml: bytes, sheet: Worksheet) -> bytes:
    """Write constants out in full: openpyxl stops after 16 digits, where some need 17."""
    short = {
        cell.coordinate.encode(): repr(cell.value).encode()
        for cell in sheet._cells.values()
        if isinstance(cell.value, float) and float(f"{cell.value:.16g}") != cell.value
    }

    def cell(match: re.Match[bytes]) -> bytes:
        return match[1] + short.get(match[2], match[3]) + b"</v>"

    return _NUMBER_CELL.sub(cell, xml) if short else xml


def _stored(value: float | str | bool | CellError) -> tuple[bytes, str]:
    """Return the type attribute and the text with which a cell stores a value."""
    if isinstance(value, bool):
        return b' t="b"', str(int(value))
    if isinstance(value, str):
        return b' t="str"', escape(value)
    if isinstance(value, CellError):
        # Engines name an overflow differently; Excel's name for it is #NUM!.
        return b' t="e"', "#NUM!" if value.code == "#VALUE!" else value.code
    return b"", repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
