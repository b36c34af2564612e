"""Read a workbook's cells: formulas and constants, and the values stored beside formulas.

openpyxl gives either the formulas of a file or its stored values; both take two readings, and
build styles, charts and dimensions that nobody here asks for. So the parts are read directly:
three kinds of XML file with a handful of elements (ECMA-376, part 1, chapter 18).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from pathlib import Path

from xlsgd.base.cells import (
    LAST_COLUMN,
    LAST_ROW,
    Area,
    Book,
    CellError,
    Formula,
    Grid,
    Position,
    Scalar,
    WorkbookFile,
    column_letters,
    column_number,
)
from xlsgd.base.errors import WorkbookError
from xlsgd.base.moved import moved_down
from xlsgd.base.visible import cut
from xlsgd.xlsx.guard import check_package
from xlsgd.xlsx.parts import Damaged, Element, TooMuch, elements
from xlsgd.xlsx.single import is_single
from xlsgd.xlsx.table_parts import area_of, table_parts, tables_of

__all__ = ["MAX_CELLS", "MAX_TEXT", "read_workbook"]

MAX_CELLS = 2_000_000
"""Cells in a workbook; the largest lesson has some 400,000."""
MAX_TEXT = 100_000_000
"""Characters of text and formulas in a workbook."""
MAX_NAMES = 65_536
"""Tabs, names and the like."""
_WORKBOOK = "xl/workbook.xml"
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def read_workbook(path: Path) -> WorkbookFile:
    """Return the cells of a workbook.

    Raises WorkbookError for anything that is no sound .xlsx workbook.
    """
    unsound = check_package(path)
    advice = "open it in a spreadsheet program and save it again as .xlsx"
    try:
        with zipfile.ZipFile(path) as package:
            return _Reader(path, package, unsound).read()
    except TooMuch as error:
        raise WorkbookError(f"{path}: {error}; such a file is not opened") from None
    except Damaged as error:
        raise WorkbookError(f"{path}: cannot be read as a workbook: {error}; {advice}") from error
    except MemoryError:
        raise
    except Exception as error:
        # What a damaged part raises depends on where it is damaged: XML, numbers, references.
        raise WorkbookError(
            f"{path}: cannot be read as a workbook: a part of it is damaged; {advice}"
        ) from error


class _Reader:
    """Reads one workbook.

    unsound: parts that are not read because of what they inflate to.
    """

    def __init__(self, path: Path, package: zipfile.ZipFile, unsound: frozenset[str]) -> None:
        self._path, self._package, self._unsound = path, package, unsound
        self._cells = self._letters = 0
        self._arrays: dict[Position, Area] = {}  # of the sheet that is being read

    def read(self) -> WorkbookFile:
        targets = {
            relation.get("Id"): (relation.get("Type"), relation.get("Target"))
            for relation, _ in self._few("xl/_rels/workbook.xml.rels", "Relationship")
        }
        order: list[str] = []
        sheets: dict[str, str] = {}
        for sheet, _ in self._few(_WORKBOOK, "sheet"):
            name = sheet.get("name")
            if not name:
                raise Damaged(f"its tab {len(order) + 1} has no name")
            if name.lower() in map(str.lower, order):
                raise Damaged(f"two of its tabs are called '{cut(name)}'")
            order.append(name)
            relation = sheet.get(_RELATIONSHIP) or sheet.get(_STRICT_RELATIONSHIP)
            kind, target = targets.get(relation, (None, None))
            if not kind or not target:
                raise Damaged(f"it does not say in which part the tab '{cut(name)}' lies")
            if kind.endswith("/worksheet"):  # and not a sheet that is one big chart
                sheets[name] = posixpath.normpath(posixpath.join("/xl", target))[1:]
        strings = self._shared_strings()
        book, stored = Book(), {}
        for name, part in sheets.items():
            self._arrays = book.arrays[name] = {}
            book.sheets[name], stored[name] = self._sheet(name, part, strings)
        for defined, text in self._few(_WORKBOOK, "definedName"):
            scope, name = defined.get("localSheetId"), defined.get("name")
            if not name or not (scope is None or (scope.isdecimal() and int(scope) < len(order))):
                raise Damaged(f"a defined name '{cut(name or '')}' is of no tab, or is empty")
            sheet_name = None if scope is None else order[int(scope)]
            self._count_letters(text)
            book.names[sheet_name, name.lower()] = text or ""
        for name, part in sheets.items():
            for found in table_parts(self._package, part):
                self._check_sound(found)
                book.tables.update(tables_of(self._package, found, name))
        return WorkbookFile(self._path, book, stored, _saved_by(self._package))

    def _few(self, part: str, tag: str) -> list[tuple[dict[str, str], str | None]]:
        """Return attributes and text of the elements of a name, of which there are few."""
        self._check_sound(part)
        found: list[tuple[dict[str, str], str | None]] = []
        for element in elements(self._package, part, tag):
            if len(found) == MAX_NAMES:
                raise TooMuch(f"part {part} has more than {MAX_NAMES:,} elements {tag}")
            found.append((dict(element.attrib), element.text))
        return found

    def _check_sound(self, part: str) -> None:
        if part in self._unsound:
            raise TooMuch(f"part {cut(part)} inflates to more than 100 times its size")

    def _count_letters(self, text: str | None) -> None:
        self._letters += len(text or "")
        if self._letters > MAX_TEXT:
            raise TooMuch(f"it has more than {MAX_TEXT:,} characters of text")

    def _shared_strings(self) -> list[str]:
        part = "xl/sharedStrings.xml"
        if part not in self._package.namelist():
            return []
        self._check_sound(part)
        found: list[str] = []
        for item in elements(self._package, part, "si", "sst"):
            text = _text(item)
            self._count_letters(text)
            if len(found) == MAX_CELLS:
                raise TooMuch(f"part {part} has more than {MAX_CELLS:,} texts")
            found.append(text)
        return found

    def _sheet(
        self, name: str, part: str, strings: list[str]
    ) -> tuple[Grid, dict[Position, Scalar]]:
        self._check_sound(part)
        grid: Grid = {}
        stored: dict[Position, Scalar] = {}
        shared: dict[str, _SharedFormula] = {}
        columns: dict[str, int] = {}  # by letters
        number = 0
        in_order = True  # no cell can be there twice
        for row in elements(self._package, part, "row", "sheetData"):
            given = row.get("r")
            before, number = number, number + 1
            if given is not None:
                number = _row(given, name)
                in_order &= number > before
            digits = str(number)
            self._cells += len(row)
            if self._cells > MAX_CELLS:
                raise TooMuch(f"it has more than {MAX_CELLS:,} cells")
            column = 0
            space = row.tag[:-3]  # up to "row"
            f, v, inline = f"{space}f", f"{space}v", f"{space}is"
            for cell in row:
                reference = cell.get("r")
                last = column
                if reference:
                    letters = reference.rstrip("0123456789")
                    known = columns.get(letters)
                    if known is None:
                        known = columns[letters] = _column(letters, reference, name)
                    column = known
                    if reference != letters + digits:
                        raise _no_reference(reference, name, f"in row {digits}")
                else:
                    column += 1
                if column <= last:
                    in_order = False
                if not in_order and ((number, column) in grid):
                    raise Damaged(f"the cell {_named(name, number, column)} is there twice")
                formula = None
                value: Scalar = None
                for child in cell:
                    tag = child.tag
                    if tag == f:
                        formula = child
                    elif tag == v:
                        kind, text = cell.get("t"), child.text
                        if text and (kind is None or kind == "n"):  # nearly all of them
                            value = _number(text)
                        else:
                            value = self._value(kind, text, strings, (name, number, column))
                    elif tag == inline:
                        value = _text(child)
                        self._count_letters(value)
                if formula is not None:
                    text = formula.text
                    self._letters += len(text or "")
                    if formula.get("t") is None:
                        grid[number, column] = Formula(f"={text or ''}")
                    else:
                        grid[number, column] = _formula(
                            formula, reference or "", shared, (name, number, column)
                        )
                        filled = area_of(formula.get("ref") or "")
                        if formula.get("t") == "array" and filled is not None:
                            self._arrays[number, column] = filled
                    stored[number, column] = value
                elif value is not None:
                    grid[number, column] = value
            self._count_letters(None)
            if number > LAST_ROW or column > LAST_COLUMN:
                raise Damaged(f"tab '{cut(name)}' has cells beyond {LAST_COLUMN:,} columns")
        return grid, stored

    def _value(
        self, kind: str | None, text: str | None, strings: list[str], where: tuple[str, int, int]
    ) -> Scalar:
        if text is None:
            return "" if kind == "str" else None
        if kind is None or kind == "n":
            return _number(text)
        if kind == "s":
            place = text.strip()
            if not (place.isdecimal() and len(place) < 8 and int(place) < len(strings)):
                raise Damaged(f"{_named(*where)} names a text that is not there")
            return strings[int(place)]
        if kind == "str":
            self._count_letters(text)
            return text
        if kind == "b":
            return text.strip() == "1"
        if kind == "e":
            return CellError(cut(text, 30))
        if kind == "d":
            from openpyxl.utils.datetime import from_ISO8601, to_excel

            return float(to_excel(from_ISO8601(text)))
        raise Damaged(f"{_named(*where)} is of an unknown type '{cut(kind)}'")


def _saved_by(package: zipfile.ZipFile) -> str:
    """Return what the file says of the program that saved it."""
    part = "docProps/app.xml"
    if part not in package.namelist():
        return ""
    # LibreOffice has its version in its name: "LibreOffice/7.4.7.2$Linux_X86_64 …".
    found = [
        (element.text or "").partition("$")[0].strip()
        for tag in ("Application", "AppVersion")
        for element in elements(package, part, tag)
    ]
    return found[0] if found and "/" in found[0] else " ".join(found)


def _text(item: Element) -> str:
    """Return the text of a string item, its runs joined, without phonetic hints."""
    return "".join(
        child.text or ""
        for child in item.iter("{*}t")
        if not child.getparent().tag.endswith("}rPh")
    )


def _row(given: str, sheet: str) -> int:
    """Return the number of a row.  Raises Damaged if there is no such row."""
    if given.isascii() and given.isdecimal() and len(given) < 8 and 0 < int(given) <= LAST_ROW:
        return int(given)
    raise Damaged(f"tab '{cut(sheet)}' has a row '{cut(given)}', need a number from 1 on")


def _column(letters: str, reference: str, sheet: str) -> int:
    """Return the number of a column: 28 for ``AB``.  Raises Damaged if there is none."""
    if letters.isascii() and letters.isalpha() and letters.isupper() and len(letters) < 4:
        number = column_number(letters)
        if number <= LAST_COLUMN:
            return number
    raise _no_reference(reference, sheet)


def _no_reference(reference: str, sheet: str, where: str = "") -> Damaged:
    where = f" {where}" if where else ""
    return Damaged(
        f"tab '{cut(sheet)}' has a cell '{cut(reference)}'{where}, which is no place there; "
        "need one such as B4"
    )


def _named(sheet: str, row: int, column: int) -> str:
    return f"{cut(sheet)}!{column_letters(column)}{row}"


def _number(text: str) -> float | CellError:
    """Return a number; what is none that a cell can hold is what overflow is in a cell."""
    try:
        number = float(text)
    except ValueError:
        raise Damaged(f"a cell has the number '{cut(text)}', which is none") from None
    if number - number == 0.0:
        if "_" in text:  # which is Python's own way to write a number
            raise Damaged(f"a cell has the number '{cut(text)}', which is none")
        return number
    return CellError("#NUM!", too_large=(number > 0) - (number < 0))


class _SharedFormula:
    """The formula of the first cell of a filled block, for the others."""

    def __init__(self, text: str, reference: str, row: int, column: int) -> None:
        self._text, self._reference = f"={text}", reference
        self._row, self._column = row, column
        self._down = moved_down(self._text)
        self._anywhere: Callable[[str], str] | None = None

    def at(self, reference: str, row: int, column: int) -> str:
        """Return the formula of another cell."""
        if self._down is not None and column == self._column:
            found = self._down(row - self._row)
            if found is not None:
                return found
        if self._anywhere is None:
            from openpyxl.formula.translate import Translator

            self._anywhere = Translator(self._text, self._reference).translate_formula
        return self._anywhere(reference)


def _formula(
    element: Element,
    reference: str,
    shared: dict[str, _SharedFormula],
    place: tuple[str, int, int],
) -> Formula:
    text, kind = element.text or "", element.get("t")
    if kind == "shared":
        # The first cell of a filled block has the formula, the others say "as that one".
        key = element.get("si")
        if not reference or (not text and key not in shared):
            raise Damaged(f"{_named(*place)} shares a formula that is not there")
        if not text:
            return Formula(shared[key].at(reference, *place[1:]))
        shared[key] = _SharedFormula(text, reference, *place[1:])
    if kind == "array" and element.get("ref") == reference and is_single(text):
        return Formula(f"={text}")
    if kind in ("array", "dataTable"):
        return Formula("{=" + text + "}")
    return Formula(f"={text}")
