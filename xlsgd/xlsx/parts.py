"""The elements of a part of an .xlsx file, one after the other, in memory that does not grow.

A parser that is asked for elements one by one keeps all of them until somebody takes them away.
Files from strangers put them where nobody looks: a row with millions of cells, elements between
rows. So what is being kept is counted while it is read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from xlsgd.base.visible import cut

__all__ = ["Damaged", "Element", "TooMuch", "elements"]

Element = Any

MAX_KEPT = 32_000_000
"""Bytes of XML that may have to be kept at once: a row, or all that is no row."""
MAX_MARKS = 1_000_000
"""Elements and attributes in them, about; a row of 16,384 cells has some 200,000."""
_CHUNK = 1 << 15


class Damaged(Exception):
    """A part is not as it should be; says what is wrong, after the name of the file."""


class TooMuch(Damaged):
    """A part holds more than is read."""


def elements(
    package: zipfile.ZipFile, part: str, tag: str, parent: str | None = None
) -> Iterator[Element]:
    """Yield the elements of a name, in any namespace, each to be used at once.

    parent: the name of the one element in which all of them lie, where there may be very many.
    Raises Damaged if there is no such part or it is no sound XML, TooMuch for what is to be kept.
    """
    from lxml.etree import XMLPullParser, XMLSyntaxError

    # Nothing outside is asked for, and no entity put in: not by any declaration, however encoded.
    parser = XMLPullParser(
        events=("end",),
        tag="{*}" + tag,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    kept = marks = 0
    home: Element = None
    try:
        stream = package.open(part)
    except KeyError:
        raise Damaged(f"it has no part {cut(part)}") from None
    with stream:
        try:
            while chunk := stream.read(_CHUNK):
                kept += len(chunk)
                marks += chunk.count(b"<") + chunk.count(b"=")
                if kept > MAX_KEPT or marks > MAX_MARKS:
                    where = f"a {tag}, or what stands outside of them," if parent else "it"
                    raise TooMuch(
                        f"part {cut(part)}: {where} has more than {MAX_MARKS:,} elements and "
                        f"attributes or {MAX_KEPT:,} bytes"
                    )
                parser.feed(chunk)
                for _, element in parser.read_events():
                    if parent is None:
                        yield element
                        element.clear()
                        continue
                    if not _is_of_part(element):
                        continue
                    home = _home_of(element, home, parent, part)
                    yield element
                    _take_away(element, home)
                    kept = marks = 0
            root = parser.close()
        except XMLSyntaxError as error:
            raise Damaged(f"part {cut(part)} is no sound XML ({error})") from None
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        raise Damaged(f"part {cut(part)} declares a document type; workbooks have none")


def _is_of_part(element: Element) -> bool:
    """Return whether an element is of the part's own language: a button on a sheet stands in a
    ``row`` too, which is one of drawings."""
    root = element.getroottree().getroot()
    return bool(element.tag.rpartition("}")[0] == root.tag.rpartition("}")[0])


def _home_of(element: Element, home: Element, parent: str, part: str) -> Element:
    """Return the element in which another lies, which must be the same for all of them."""
    found = element.getparent()
    if found is None or found.tag.rpartition("}")[2] != parent or home not in (None, found):
        tag = element.tag.rpartition("}")[2]
        raise Damaged(f"part {cut(part)} has a {tag} that does not lie in its one {parent}")
    return found


def _take_away(element: Element, home: Element) -> None:
    """Forget an element, and whatever stands before it."""
    element.clear()
    while home[0] is not element:
        del home[0]
