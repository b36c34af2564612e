"""The parts of a file as Excel names, orders and writes them.

openpyxl's are sound by the standard, which leaves much open. Programs that were tried with
Excel's files alone trip over what they have not seen there: a part in another folder, the address
of a part from the root, a namespace without its usual prefix, a font's colour before its size.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from lxml import etree

__all__ = [
    "CHART",
    "DRAWING",
    "RELATIONSHIPS",
    "SHEET_DRAWING",
    "as_bytes",
    "content_types",
    "note_shapes",
    "prefixed",
    "relationships",
    "styles",
    "usual_name",
]

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SHEET_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHARED_TEXTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"

_RENAMED = (
    (re.compile(r"xl/comments/comment([0-9]+)\.xml"), r"xl/comments\1.xml"),
    (re.compile(r"xl/drawings/commentsDrawing([0-9]+)\.vml"), r"xl/drawings/vmlDrawing\1.vml"),
)

_SHAPES = {
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "x": "urn:schemas-microsoft-com:office:excel",
}

_OF_FONT = (
    *("b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz"),
    *("color", "name", "family", "charset", "scheme"),
)
"""What a font consists of, in the order of ECMA-376, part 1, 18.8.22."""

_PLAIN = etree.XMLParser(resolve_entities=False, no_network=True)


def usual_name(part: str) -> str:
    """Return the name that Excel gives to a part."""
    for pattern, name in _RENAMED:
        if match := pattern.fullmatch(part):
            return match.expand(name)
    return part


def relationships(part: str, xml: bytes, shared_texts: bool = False) -> bytes:
    """Return the relationships of a part with targets seen from its folder.

    part: the name of the part that holds them.   shared_texts: add that to the shared texts.
    """
    root = etree.fromstring(xml, _PLAIN)
    folder = posixpath.dirname(posixpath.dirname(part))
    for each in root:
        target = each.get("Target")
        if each.get("TargetMode") == "External":
            continue
        whole = posixpath.normpath(posixpath.join("/", folder, target))[1:]
        each.set("Target", posixpath.relpath(usual_name(whole), folder or "."))
    if shared_texts:
        added = etree.SubElement(root, root[0].tag)
        added.set("Type", f"{RELATIONSHIPS}/sharedStrings")
        added.set("Target", "sharedStrings.xml")
        added.set("Id", f"rId{len(root)}")
    return as_bytes(root)


def content_types(xml: bytes) -> bytes:
    """Return the kinds of all parts under their usual names, and that of the shared texts."""
    root = etree.fromstring(xml, _PLAIN)
    for each in root:
        if name := each.get("PartName"):
            each.set("PartName", "/" + usual_name(name[1:]))
    added = etree.SubElement(root, root[-1].tag)
    added.set("PartName", "/xl/sharedStrings.xml")
    added.set("ContentType", _SHARED_TEXTS)
    return as_bytes(root)


def styles(xml: bytes) -> bytes:
    """Return the styles with the parts of every font in the order of the schema."""
    root = etree.fromstring(xml, _PLAIN)
    for font in root.iter(f"{_MAIN}font"):
        font[:] = sorted(font, key=lambda each: _OF_FONT.index(etree.QName(each).localname))
    return as_bytes(root)


def note_shapes(xml: bytes) -> bytes:
    """Return the boxes of a sheet's notes, a drawing in VML, with the usual prefixes."""
    return as_bytes(prefixed(xml, _SHAPES))


def prefixed(xml: bytes, prefixes: Mapping[str, str]) -> etree._Element:
    """Return the root of a part with prefixes declared there, and used throughout."""
    old = etree.fromstring(xml, _PLAIN)
    root = etree.Element(old.tag, dict(old.attrib), nsmap=dict(prefixes))
    root.extend(list(old))
    etree.cleanup_namespaces(root, keep_ns_prefixes=list(prefixes))
    return root


def as_bytes(root: etree._Element) -> bytes:
    """Return a part as the bytes of a file, in UTF-8 and without a declaration."""
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=False))
