"""Read a workbook's cells: formulas and constants, and the values stored beside formulas.

openpyxl gives either the formulas of a file or its stored values; both take two readings, and
build styles, charts and dimensions that nobody here asks for. So the parts are read directly:
three kinds of XML file with a handful of elements (ECMA-376, part 1, chapter 18).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xlsgd.cells import Book, CellError, Formula, Grid, Position, Scalar, WorkbookFile
from xlsgd.errors import WorkbookError
from xlsgd.xlsx.guard import check_package
from xlsgd.xlsx.single import is_single

__all__ = ["read_workbook"]

Element = Any
_WORKBOOK = "xl/workbook.xml"
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def read_workbook(path: Path) -> WorkbookFile:
    """Return the cells of a workbook.

    Raises WorkbookError for anything that is no sound .xlsx workbook.
    """
    check_package(path)
    try:
        with zipfile.ZipFile(path) as package:
            return _read(path, package)
    except Exception as error:
        # What a damaged part raises depends on where it is damaged: XML, numbers, references.
        raise WorkbookError(
            f"{path}: cannot be read as a workbook ({type(error).__name__}: {error}); "
            "open it in a spreadsheet program and save it again as .xlsx"
        ) from error


def _read(path: Path, package: zipfile.ZipFile) -> WorkbookFile:
    targets = {
        relation.get("Id"): (relation.get("Type"), relation.get("Target"))
        for relation in _elements(package, "xl/_rels/workbook.xml.rels", "Relationship")
    }
    sheets: dict[str, str] = {}
    for sheet in _elements(package, _WORKBOOK, "sheet"):
        kind, target = targets[sheet.get(_RELATIONSHIP) or sheet.get(_STRICT_RELATIONSHIP)]
        if kind.endswith("/worksheet"):  # and not a sheet that is one big chart
            sheets[sheet.get("name")] = posixpath.join("/xl", target)[1:]
    strings = _shared_strings(package)
    book, stored = Book(), {}
    for name, part in sheets.items():
        book.sheets[name], stored[name] = _read_sheet(package, part, strings)
    order = [sheet.get("name") for sheet in _elements(package, _WORKBOOK, "sheet")]
    for defined in _elements(package, _WORKBOOK, "definedName"):
        scope = defined.get("localSheetId")
        sheet_name = None if scope is None else order[int(scope)]
        book.names[sheet_name, defined.get("name").lower()] = defined.text or ""
    return WorkbookFile(path, book, stored, _saved_by(package))


def _saved_by(package: zipfile.ZipFile) -> str:
    """Return what the file says of the program that saved it."""
    part = "docProps/app.xml"
    if part not in package.namelist():
        return ""
    # LibreOffice has its version in its name: "LibreOffice/7.4.7.2$Linux_X86_64 …".
    found = [
        (element.text or "").partition("$")[0].strip()
        for tag in ("Application", "AppVersion")
        for element in _elements(package, part, tag)
    ]
    return found[0] if found and "/" in found[0] else " ".join(found)


def _elements(package: zipfile.ZipFile, part: str, tag: str) -> Iterator[Element]:
    """Yield the elements of a name, in any namespace, each to be used before the next one."""
    from lxml.etree import iterparse

    with package.open(part) as stream:
        for _, element in iterparse(
            stream, tag="{*}" + tag, resolve_entities=False, no_network=True
        ):
            yield element
            element.clear()


def _shared_strings(package: zipfile.ZipFile) -> list[str]:
    part = "xl/sharedStrings.xml"
    if part not in package.namelist():
        return []
    return [_text(item) for item in _elements(package, part, "si")]


def _text(item: Element) -> str:
    """Return the text of a string item, its runs joined, without phonetic hints."""
    return "".join(
        child.text or ""
        for child in item.iter("{*}t")
        if not child.getparent().tag.endswith("}rPh")
    )


def _read_sheet(
    package: zipfile.ZipFile, part: str, strings: list[str]
) -> tuple[Grid, dict[Position, Scalar]]:
    grid: Grid = {}
    stored: dict[Position, Scalar] = {}
    shared: dict[str, Callable[[str], str]] = {}
    columns: dict[str, int] = {}  # by letters
    number = 0
    for row in _elements(package, part, "row"):
        number = int(row.get("r") or number + 1)
        column = 0
        space = row.tag[:-3]  # up to "row"
        f, v, inline = f"{space}f", f"{space}v", f"{space}is"
        for cell in row:
            reference = cell.get("r")
            if reference:
                letters = reference.rstrip("0123456789")
                known = columns.get(letters)
                column = columns[letters] = _column(letters) if known is None else known
            else:
                column += 1
            formula = None
            value: Scalar = None
            for child in cell:
                tag = child.tag
                if tag == f:
                    formula = child
                elif tag == v:
                    kind, text = cell.get("t"), child.text
                    if text and (kind is None or kind == "n"):  # nearly all of them
                        value = float(text)
                    else:
                        value = _value(kind, text, strings)
                elif tag == inline:
                    value = _text(child)
            if formula is not None:
                if formula.get("t") is None:
                    grid[number, column] = Formula(f"={formula.text or ''}")
                else:
                    grid[number, column] = _formula(formula, reference or "", shared)
                stored[number, column] = value
            elif value is not None:
                grid[number, column] = value
    return grid, stored


def _column(letters: str) -> int:
    """Return the number of a column: 28 for ``AB``."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _value(kind: str | None, text: str | None, strings: list[str]) -> Scalar:
    if text is None:
        return "" if kind == "str" else None
    if kind is None or kind == "n":
        return float(text)
    if kind == "s":
        return strings[int(text)]
    if kind == "str":
        return text
    if kind == "b":
        return text.strip() == "1"
    if kind == "e":
        return CellError(text)
    if kind == "d":
        from openpyxl.utils.datetime import from_ISO8601, to_excel

        return float(to_excel(from_ISO8601(text)))
    raise ValueError(f"unknown type of cell '{kind}'")


def _formula(element: Element, reference: str, shared: dict[str, Callable[[str], str]]) -> Formula:
    text, kind = element.text or "", element.get("t")
    if kind == "shared":
        # The first cell of a filled block has the formula, the others say "as that one".
        key = element.get("si")
        if not text:
            return Formula(shared[key](reference))
        from openpyxl.formula.translate import Translator

        shared[key] = Translator(f"={text}", reference).translate_formula
    if kind == "array" and element.get("ref") == reference and is_single(text):
        return Formula(f"={text}")
    if kind in ("array", "dataTable"):
        return Formula("{=" + text + "}")
    return Formula(f"={text}")
