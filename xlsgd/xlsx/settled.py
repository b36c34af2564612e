"""A copy of a workbook in which stored values stand in place of some formulas.

For programs that calculate a file themselves: what changes with every calculation must stand still.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Mapping
from pathlib import Path

from xlsgd.base.cells import Grid, Position, Scalar, WorkbookFile, column_letters
from xlsgd.xlsx.parts import elements

__all__ = ["copy_settled"]

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def copy_settled(file: WorkbookFile, source: Path, target: Path) -> Path:
    """Write a workbook without the formulas that are settled; everything else stays as it is.

    file: has been read already, so it is sound.   source: it, or a copy with the same parts.
    Returns target.
    """
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w") as copy:
        parts = _parts(package)
        sheets = {parts[sheet]: sheet for sheet in file.settled}
        for item in package.infolist():
            content = package.read(item)
            sheet = sheets.get(item.filename)
            if sheet is not None:
                content = _without(content, file.book.sheets[sheet], file.settled[sheet])
            copy.writestr(item, content, zipfile.ZIP_DEFLATED)
    return target


def _parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of every sheet."""
    targets = {
        relation.get("Id"): relation.get("Target")
        for relation in elements(package, _RELATIONS, "Relationship")
    }
    return {
        sheet.get("name"): posixpath.join("/xl", targets[identity])[1:]
        for sheet in elements(package, _WORKBOOK, "sheet")
        for key, identity in sheet.items()
        if key.endswith("}id")
    }


def _without(content: bytes, grid: Grid, settled: Mapping[Position, Scalar]) -> bytes:
    """Return a sheet's part without some formulas.

    grid: says what the other formulas are. Where a filled block shares one formula, the cell that
    has it may be one of those that lose theirs.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(content, parser)
    names = {
        f"{column_letters(column)}{row}": (row, column) for row, column in grid.keys() | settled
    }
    for formula in list(root.iter("{*}f")):
        cell = formula.getparent()
        place = cell.get("r")
        if names.get(place) in settled:
            cell.remove(formula)
        elif formula.get("t") == "shared":
            formula.attrib.clear()
            formula.text = str(grid[names[place]])[1:]
    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return found
