"""A book as an .xlsx file with a value beside every formula, as a spreadsheet program saves it.

Written here and not by the package: it is the other side of what is tested, and a file of a few
hundred cells takes a few milliseconds.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from xlsgd.base.cells import (
    Book,
    CellError,
    Content,
    Formula,
    Grid,
    Position,
    Scalar,
    Table,
    Uncomputed,
    Values,
    column_letters,
)

__all__ = ["write"]

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_HIDDEN = "solver_"
"""How the names begin that Excel's Solver hides in a workbook."""


def write(book: Book, values: Values, path: Path) -> Path:
    """Write a book with a value for every formula that has one; return the path."""
    names = list(book.sheets)
    tables = [(name, table) for name, table in book.tables.items()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:

        def part(name: str, text: str) -> None:
            package.writestr(name, _HEAD + text)

        kinds = [("/xl/workbook.xml", "sheet.main")]
        kinds += [(f"/xl/worksheets/sheet{i}.xml", "worksheet") for i, _ in enumerate(names, 1)]
        kinds += [(f"/xl/tables/table{i}.xml", "table") for i, _ in enumerate(tables, 1)]
        part(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            + "".join(
                f'<Override PartName="{name}" ContentType="{_TYPE}.{kind}+xml"/>'
                for name, kind in kinds
            )
            + "</Types>",
        )
        part("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        part(
            "xl/_rels/workbook.xml.rels",
            _relations([("worksheet", f"worksheets/sheet{i}.xml") for i, _ in enumerate(names, 1)]),
        )
        part("xl/workbook.xml", _workbook(book))
        for i, name in enumerate(names, 1):
            own = [n for n, (_, table) in enumerate(tables, 1) if table.sheet == name]
            part(f"xl/worksheets/sheet{i}.xml", _sheet(book, name, values.get(name, {}), len(own)))
            if own:
                part(
                    f"xl/worksheets/_rels/sheet{i}.xml.rels",
                    _relations([("table", f"../tables/table{n}.xml") for n in own]),
                )
        for n, (name, table) in enumerate(tables, 1):
            part(f"xl/tables/table{n}.xml", _table(n, name, table))
    return path


def _relations(targets: list[tuple[str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="rId{i}" Type="{_R}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _workbook(book: Book) -> str:
    order = {name.lower(): i for i, name in enumerate(book.sheets)}
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate(book.sheets, 1)
    )
    names = ""
    for (sheet, name), text in book.names.items():
        own = "" if sheet is None else f' localSheetId="{order[sheet.lower()]}"'
        hidden = ' hidden="1"' if name.startswith(_HIDDEN) else ""
        said = escape(text.removeprefix("="))
        names += f"<definedName name={quoteattr(name)}{own}{hidden}>{said}</definedName>"
    defined = f"<definedNames>{names}</definedNames>" if names else ""
    return f'<workbook {_MAIN} xmlns:r="{_R}"><sheets>{sheets}</sheets>{defined}</workbook>'


def _sheet(
    book: Book, name: str, values: Mapping[Position, Scalar | Uncomputed], tables: int
) -> str:
    grid = book.sheets[name]
    rows: dict[int, list[int]] = {}
    for row, column in grid:
        rows.setdefault(row, []).append(column)
    lines = []
    for row in sorted(rows):
        cells = "".join(
            _cell((row, column), grid, values, book.arrays.get(name, {}))
            for column in sorted(rows[row])
        )
        lines.append(f'<row r="{row}">{cells}</row>')
    parts = "".join(f'<tablePart r:id="rId{i}"/>' for i in range(1, tables + 1))
    extra = f'<tableParts count="{tables}">{parts}</tableParts>' if tables else ""
    data = f"<sheetData>{''.join(lines)}</sheetData>"
    return f'<worksheet {_MAIN} xmlns:r="{_R}">{data}{extra}</worksheet>'


def _cell(
    place: Position,
    grid: Grid,
    values: Mapping[Position, Scalar | Uncomputed],
    arrays: dict[Position, tuple[int, int, int, int]],
) -> str:
    content: Content = grid[place]
    formula = ""
    if isinstance(content, Formula):
        text = str(content)
        if text.startswith("{"):
            top, left, bottom, right = arrays.get(place, (*place, *place))
            first, last = _address(top, left), _address(bottom, right)
            ref = first if first == last else f"{first}:{last}"
            formula = f'<f t="array" ref="{ref}">{escape(text[1:-1].removeprefix("="))}</f>'
        else:
            formula = f"<f>{escape(text[1:])}</f>"
    value = values.get(place, None if formula else content)
    kind, shown = "", ""
    if isinstance(value, bool):
        kind, shown = ' t="b"', f"<v>{int(value)}</v>"
    elif isinstance(value, (int, float)):
        shown = f"<v>{value!r}</v>"
    elif isinstance(value, CellError):
        kind, shown = ' t="e"', f"<v>{value.code}</v>"
    elif isinstance(value, str) and formula:
        kind, shown = ' t="str"', f"<v>{escape(value)}</v>"
    elif isinstance(value, str):
        kind, shown = ' t="inlineStr"', f'<is><t xml:space="preserve">{escape(value)}</t></is>'
    return f'<c r="{_address(*place)}"{kind}>{formula}{shown}</c>'


def _table(number: int, name: str, table: Table) -> str:
    top, left, bottom, right = table.area
    area = f"{_address(top - table.headers, left)}:{_address(bottom + table.totals, right)}"
    columns = "".join(
        f'<tableColumn id="{i}" name={quoteattr(column)}/>'
        for i, column in enumerate(table.columns, 1)
    )
    return (
        f'<table {_MAIN} id="{number}" name={quoteattr(name)} displayName={quoteattr(name)} '
        f'ref="{area}" headerRowCount="{table.headers}" totalsRowCount="{table.totals}">'
        f'<tableColumns count="{len(table.columns)}">{columns}</tableColumns></table>'
    )


def _address(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"
