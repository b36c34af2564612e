"""A copy of an .xlsx file with its cells and nothing else, to be handed to a spreadsheet program.

A stranger's workbook may link a picture, another workbook or a query on the web, and a program
that opens it asks for them. All such links are *relationships* of parts (ECMA-376, part 2, chapter
9): the copy has those to tabs, texts, styles and tables in the file, and no other.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import quoteattr

from xlsgd.xlsx.parts import elements

__all__ = ["copy_cells"]

_WORKBOOK = "xl/workbook.xml"
_OF_WORKBOOK = ("/worksheet", "/chartsheet", "/styles", "/sharedStrings", "/theme")
_OF_TAB = ("/table",)
_OF_PACKAGE = ("/officeDocument", "/extended-properties")
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def copy_cells(source: Path, target: Path) -> None:
    """Write a copy of a workbook that has been read without an error.

    Raises OSError if it cannot be read or written.
    """
    with (
        zipfile.ZipFile(source) as package,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy,
    ):
        there = set(package.namelist())
        kept: dict[str, None] = {}

        def follow(part: str, kinds: tuple[str, ...]) -> None:
            """Keep the parts to which a part has relationships of these kinds."""
            folder, name = posixpath.split(part)
            rels = posixpath.join(folder, "_rels", f"{name}.rels")
            if rels not in there:
                return
            lines: list[str] = []
            for each in elements(package, rels, "Relationship"):
                kind, to = each.get("Type") or "", each.get("Target") or ""
                found = posixpath.normpath(posixpath.join("/", folder, to))[1:]
                external = each.get("TargetMode") == "External"
                if kind.endswith(kinds) and not external and found in there:
                    lines.append(
                        f"<Relationship Id={quoteattr(each.get('Id') or '')} "
                        f"Type={quoteattr(kind)} Target={quoteattr(f'/{found}')}/>"
                    )
                    kept[found] = None
            space = f"{_PACKAGE}/relationships"
            copy.writestr(rels, f'<Relationships xmlns="{space}">{"".join(lines)}</Relationships>')

        follow("", _OF_PACKAGE)
        kept[_WORKBOOK] = None
        follow(_WORKBOOK, _OF_WORKBOOK)
        for tab in [part for part in kept if part.startswith("xl/") and part != _WORKBOOK]:
            follow(tab, _OF_TAB)
        for part in kept:
            copy.writestr(part, package.read(part))
        copy.writestr("[Content_Types].xml", _content_types(package, kept))


def _content_types(package: zipfile.ZipFile, kept: Iterable[str]) -> str:
    part = "[Content_Types].xml"
    names = {f"/{name}" for name in kept}
    defaults = {
        each.get("Extension"): each.get("ContentType")
        for each in elements(package, part, "Default")
    }
    overrides = {
        each.get("PartName"): each.get("ContentType")
        for each in elements(package, part, "Override")
        if each.get("PartName") in names
    }
    lines = [
        f"<Default Extension={quoteattr(extension)} ContentType={quoteattr(kind)}/>"
        for extension, kind in defaults.items()
        if extension and kind
    ]
    lines += [
        f"<Override PartName={quoteattr(name)} ContentType={quoteattr(kind)}/>"
        for name, kind in overrides.items()
        if kind
    ]
    return f'<Types xmlns="{_PACKAGE}/content-types">{"".join(lines)}</Types>'
