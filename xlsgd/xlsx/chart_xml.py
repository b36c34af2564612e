"""The charts' XML: the numbers that they draw, and their words for those who do not see them.

A chart says which cells it draws. Excel keeps beside that what the cells held, which previews and
phones draw without calculating anything; openpyxl does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lxml import etree
from openpyxl.utils.cell import range_to_tuple

from xlsgd.base.cells import Position, Scalar, Uncomputed
from xlsgd.xlsx.cell_xml import number_text
from xlsgd.xlsx.usual import (
    CHART,
    DRAWING,
    RELATIONSHIPS,
    SHEET_DRAWING,
    as_bytes,
    prefixed,
)

__all__ = ["UNSEEN", "Look", "chart_part", "drawing_part"]

Look = Callable[[str, Position], Scalar | Uncomputed]
"""Gives what stands in a cell of a sheet."""

UNSEEN = 100
"""Size of the letters of an axis' title that is said of a chart and not drawn."""

_C, _A, _XDR = f"{{{CHART}}}", f"{{{DRAWING}}}", f"{{{SHEET_DRAWING}}}"

_AXES = (f"{_C}valAx", f"{_C}catAx", f"{_C}dateAx")


def chart_part(xml: bytes, look: Look) -> tuple[bytes, str]:
    """Return a chart with what its cells hold, and its words."""
    root = prefixed(xml, {"c": CHART, "a": DRAWING, "r": RELATIONSHIPS})
    for axis_text in root.iter(f"{_C}txPr"):
        # openpyxl puts a run without letters where the schema has a place for a style alone.
        for paragraph in axis_text.iter(f"{_A}p"):
            for run in paragraph.findall(f"{_A}r"):
                paragraph.remove(run)
    for reference in list(root.iter(f"{_C}numRef", f"{_C}strRef")):
        _fill_cache(reference, look)
    words = _words_of(root)
    for axis in root.iter(*_AXES):
        if (title := _unseen(axis)) is not None:
            axis.remove(title)
    chart = root.find(f"{_C}chart")
    if (title := _unseen(chart)) is not None:
        chart.replace(title, etree.Element(f"{_C}autoTitleDeleted", val="1"))
    return as_bytes(root), words


def _unseen(element: etree._Element) -> etree._Element | None:
    """Return the title of a chart or an axis if it is said and not drawn."""
    title = element.find(f"{_C}title")
    if title is None or next(title.iter(f"{_A}rPr")).get("sz") != str(UNSEEN):
        return None
    return title


def _fill_cache(reference: etree._Element, look: Look) -> None:
    """Put what the cells hold beside the reference to them."""
    numbers = reference.tag == f"{_C}numRef"
    for old in reference[1:]:
        reference.remove(old)
    cache = etree.SubElement(reference, f"{_C}numCache" if numbers else f"{_C}strCache")
    if numbers:
        etree.SubElement(cache, f"{_C}formatCode").text = "General"
    held = list(_held(reference[0].text or "", look))
    etree.SubElement(cache, f"{_C}ptCount").set("val", str(len(held)))
    for i, value in enumerate(held):
        if isinstance(value, float):
            text = number_text(value)
        elif isinstance(value, str) and not numbers:
            text = value
        else:  # an error or nothing is not drawn
            continue
        point = etree.SubElement(cache, f"{_C}pt")
        point.set("idx", str(i))
        etree.SubElement(point, f"{_C}v").text = text


def _held(reference: str, look: Look) -> Iterator[Scalar | Uncomputed]:
    """Yield what the cells of a range hold, row by row."""
    sheet, (left, top, right, bottom) = range_to_tuple(reference)
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            yield look(sheet, (row, column))


def _words_of(root: etree._Element) -> str:
    """Return what a chart shows, in a sentence or two."""
    chart = root.find(f"{_C}chart")
    said = [f"{_title(chart) or 'Chart'}."]
    titles = [_title(axis) for axis in chart.iter(*_AXES)]
    if any(titles):
        said.append(f"Axes: {', '.join(title for title in titles if title)}.")
    names = ["".join(tx.itertext(f"{_C}v")).strip() for tx in chart.iterfind(f".//{_C}ser/{_C}tx")]
    if any(names):
        said.append(f"Shown: {', '.join(name for name in names if name)}.")
    return " ".join(said)


def _title(element: etree._Element) -> str:
    title = element.find(f"{_C}title")
    return "" if title is None else "".join(title.itertext(f"{_A}t")).strip()


def drawing_part(xml: bytes, words: Mapping[str, str]) -> bytes:
    """Return a drawing with the usual prefixes, and words for every chart on it.

    words: by the id of the relationship to the chart.
    """
    root = prefixed(xml, {"xdr": SHEET_DRAWING, "a": DRAWING, "r": RELATIONSHIPS, "c": CHART})
    for frame in root.iter(f"{_XDR}graphicFrame"):
        frame.set("macro", "")
        chart = next(frame.iter(f"{_C}chart"))
        name = next(frame.iter(f"{_XDR}cNvPr"))
        name.set("descr", words[chart.get(f"{{{RELATIONSHIPS}}}id")])
        place = frame.find(f"{_XDR}xfrm")
        if place is not None and not len(place):
            etree.SubElement(place, f"{_A}off", x="0", y="0")
            etree.SubElement(place, f"{_A}ext", cx="0", cy="0")
    return as_bytes(root)
