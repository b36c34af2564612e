"""The tables of a sheet: where they stand and what their columns are called."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator

from xlsgd.base.cells import LAST_COLUMN, LAST_ROW, Area, Table, column_number
from xlsgd.base.visible import cut
from xlsgd.xlsx.parts import Damaged, Element, elements

__all__ = ["area_of", "table_parts", "tables_of"]

MOST_COLUMNS = LAST_COLUMN


def table_parts(package: zipfile.ZipFile, part: str) -> Iterator[str]:
    """Yield the parts that hold the tables of a sheet.   part: the sheet's."""
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in package.namelist():
        return
    for relation in elements(package, relations, "Relationship"):
        kind, target = relation.get("Type") or "", relation.get("Target") or ""
        if kind.endswith("/table"):
            yield posixpath.normpath(posixpath.join("/", folder, target))[1:]


def tables_of(package: zipfile.ZipFile, part: str, sheet: str) -> Iterator[tuple[str, Table]]:
    """Yield the tables in a part by their names in lower case.

    Raises Damaged for one that says no place on a sheet.
    """
    for table in elements(package, part, "table"):
        name = table.get("displayName") or table.get("name") or ""
        area = area_of(table.get("ref") or "")
        if not name or area is None:
            raise Damaged(f"part {cut(part)} has a table '{cut(name)}' that stands nowhere")
        headers, totals = (_count(table, key, usual) for key, usual in _ROWS)
        top, left, bottom, right = area
        names = [c.get("name") or "" for c in table.iter("{*}tableColumn")]
        if len(names) != right - left + 1 or bottom - totals < top + headers - 1:
            raise Damaged(f"the table '{cut(name)}' has columns or rows that it has no cells for")
        rows = (top + headers, left, bottom - totals, right)
        yield name.lower(), Table(sheet, rows, tuple(names), headers, totals)


_ROWS = (("headerRowCount", 1), ("totalsRowCount", 0))


def _count(table: Element, key: str, usual: int) -> int:
    given = table.get(key)
    if given in ("0", "1"):
        return int(given)
    return usual


_AREA = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})(?::([A-Za-z]{1,3})([0-9]{1,7}))?")


def area_of(text: str) -> Area | None:
    """Return the cells that a reference names, such as ``V4:W715``; None if it is none."""
    found = _AREA.fullmatch(text)
    if found is None:
        return None
    left, top = column_number(found[1]), int(found[2])
    right, bottom = column_number(found[3] or found[1]), int(found[4] or found[2])
    if not (0 < top <= bottom <= LAST_ROW and 0 < left <= right <= LAST_COLUMN):
        return None
    return top, left, bottom, right
