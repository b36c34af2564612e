"""The last steps to a file: what openpyxl wrote, as Excel would, and the same bytes every time.

Stored values stand beside the formulas. Excel calculates anew when it opens the file all the same
(``fullCalcOnLoad``).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime

from lxml import etree
from openpyxl.workbook import Workbook

from xlsgd.base.cells import Position, Scalar, Uncomputed, Values
from xlsgd.xlsx.cell_xml import SharedTexts, with_all_digits, with_values
from xlsgd.xlsx.chart_xml import chart_part, drawing_part
from xlsgd.xlsx.usual import content_types, note_shapes, relationships, styles, usual_name

__all__ = ["package"]

_ZIP_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time that every part of the file carries: the earliest a zip file knows, as Excel has it."""

_MOMENT = datetime(2026, 11, 1)
"""When a workbook was made, by its properties: always when its form was, so that the same
arguments give the same bytes."""

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FIRST = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels")
"""Programs that tell files by their beginning look for these there."""


def package(workbook: Workbook, values: Values) -> bytes:
    """Return the bytes of an .xlsx file with a stored value beside every formula.

    values: per sheet a value for every formula cell.
    Raises EngineError where a formula has no value.
    """
    workbook.properties.created = workbook.properties.modified = _MOMENT
    for sheet in workbook.worksheets:
        for chart in sheet._charts:
            chart.roundedCorners = False  # what Excel takes it for where nothing is said is true
    raw = io.BytesIO()
    workbook.save(raw)
    finished = io.BytesIO()
    with (
        zipfile.ZipFile(raw) as source,
        zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        parts = _finished({n: source.read(n) for n in source.namelist()}, workbook, values)
        for name in (*_FIRST, *(name for name in parts if name not in _FIRST)):
            info = zipfile.ZipInfo(name, _ZIP_MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, parts[name])
    return finished.getvalue()


def _finished(written: dict[str, bytes], workbook: Workbook, values: Values) -> dict[str, bytes]:
    """Return the parts of a file as they are to be, by name, from those that openpyxl wrote."""
    sheets = {f"xl/worksheets/sheet{i}.xml": s for i, s in enumerate(workbook.worksheets, 1)}
    texts = SharedTexts()
    words: dict[str, str] = {}
    done: dict[str, bytes] = {}

    def look(sheet: str, place: Position) -> Scalar | Uncomputed:
        if place in values[sheet]:
            return values[sheet][place]
        cell = workbook[sheet]._cells.get(place)
        value = None if cell is None else cell.value
        return float(value) if isinstance(value, int | float) else value

    for name, content in written.items():
        if name in sheets:
            sheet = sheets[name]
            content = with_values(content, sheet.title, values[sheet.title])
            content = texts.moved(with_all_digits(content, sheet))
        elif name.startswith("xl/charts/chart"):
            content, words[name] = chart_part(content, look)
        elif name.endswith(".rels"):
            content = relationships(name, content, name == "xl/_rels/workbook.xml.rels")
        elif name == "[Content_Types].xml":
            content = content_types(content)
        elif name == "xl/styles.xml":
            content = styles(content)
        elif name.endswith(".vml"):
            content = note_shapes(content)
        elif name == "docProps/core.xml":
            # openpyxl notes the time of saving whatever it is told.
            now = _MOMENT.isoformat().encode()
            content = re.sub(rb">[0-9T:-]+Z</dcterms:", b">%bZ</dcterms:" % now, content)
        done[usual_name(name)] = content
    for name, content in written.items():
        if name.startswith("xl/drawings/drawing"):
            done[name] = drawing_part(content, _words_by_id(name, written, words))
    done["xl/sharedStrings.xml"] = texts.part()
    return {
        name: content
        if content.startswith(b"<?xml") or name.endswith(".vml")
        else _DECLARATION + content
        for name, content in done.items()
    }


def _words_by_id(
    drawing: str, parts: Mapping[str, bytes], words: Mapping[str, str]
) -> dict[str, str]:
    """Return the words of a drawing's charts by the ids of its relationships to them.

    words: by the name of the chart's part.
    """
    folder, name = posixpath.split(drawing)
    root = etree.fromstring(parts[f"{folder}/_rels/{name}.rels"])
    targets = {e.get("Id"): posixpath.join("/", folder, e.get("Target"))[1:] for e in root}
    return {
        id: words[posixpath.normpath(target)]
        for id, target in targets.items()
        if posixpath.normpath(target) in words
    }
