"""The data tab: raw columns as plain numbers and words, then the features made of them.

It is the one place that every other tab reads the data from. Plain numbers need no words; where
there are features, every column says what it is, and facts stand at the right.
"""

from __future__ import annotations

import re

from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Column, Input
from xlsgd.data import Dataset
from xlsgd.data.features.feature import in_frame
from xlsgd.data.schema import Raw
from xlsgd.sheets.folding import fold_columns
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import (
    FIRST_ROW,
    HEADER_ROW,
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)

__all__ = ["TRUTH", "draw_data_tab", "map_data_tab", "write_raw"]

_PLAIN_HEADER, _PLAIN_MARKER = (5, 6), (3, 2)
_PLAIN_WIDTHS = dict.fromkeys(range(1, 11), 14.0)
_DESCRIBED_HEADER = HEADER_ROW, FIRST_ROW
_FEATURE_WIDTH = 12.0
_TOLD = 4
"""Columns from the value of a fact to that of a field that tells what the columns are."""
_SHARED = 12
"""The column of a number that all rows share, beside the title."""
TRUTH = "true line"
_TRUE_LINE = ("true line, x", "true line, y")


def map_data_tab(data: Dataset) -> TabMap:
    """Return where the data goes: raw columns, a gap, the features, a gap, facts, and, folded away,
    what the columns are."""
    schema = data.schema
    header, first = _PLAIN_HEADER if schema.is_plain else _DESCRIBED_HEADER
    raw = _columns_of(data)
    columns = {name: 1 + i for i, name in enumerate((*raw, "", *schema.feature_names))}
    del columns[""]
    table = TableMap(header, columns, list(range(first, first + data.rows)))
    if schema.is_plain:
        places = {MARKER: _PLAIN_MARKER}
    else:
        right = max(columns.values()) + 4
        facts, told = _facts(data), _told(data)
        places = {given.key: (FIRST_ROW + i, right) for i, given in enumerate(facts)}
        beside = right + _TOLD if facts else right - 1
        places |= {given.key: (FIRST_ROW + i, beside) for i, given in enumerate(told)}
        places |= {raw.name: (1, _SHARED + 3 * i) for i, raw in enumerate(schema.shared)}
    columns |= {name: columns[of] for name, of in schema.answers.items()}
    tables = {"data": table}
    if schema.is_plain and data.truth is not None:
        left = max(columns.values()) + 2
        tables[TRUTH] = TableMap.laid_out(header, _TRUE_LINE, left, range(first, first + 2))
    return TabMap(schema.sheet, places, tables)


def _columns_of(data: Dataset) -> list[str]:
    """Return the names of the raw columns: of all that is raw but numbers that rows share."""
    shared = {raw.name for raw in data.schema.shared}
    return [name for name in data.cells if name not in shared]


def _shared(data: Dataset) -> list[Input]:
    """Return the numbers that all rows share, as inputs beside the title."""
    return [
        Input(raw.name, float(str(data.cells[raw.name][0])), raw.note) for raw in data.schema.shared
    ]


def _facts(data: Dataset) -> list[Input]:
    """Return what the columns come to."""
    return [*data.schema.facts(), *data.facts]


def _told(data: Dataset) -> list[Input]:
    """Return what the columns are."""
    return [marker_field(data.schema.marker), *data.schema.description()]


def draw_data_tab(sheet: Worksheet, data: Dataset, book: BookMap) -> None:
    """Write the data."""
    schema, table = data.schema, book.data.tables["data"]
    sentences = (f"{data.title}.", data.remark, schema.words.hint)
    write_title(sheet, schema.words.title, " ".join(filter(None, sentences)))
    if schema.is_plain:
        row, column = book.data.fields[MARKER]
        for number, words in ((column - 1, MARKER), (column, schema.marker)):
            sheet.cell(row, number, words).style = "note"
        for name in data.cells:
            sheet.cell(table.header_row, table.columns[name], name).style = "quantity"
    else:
        names = _columns_of(data)
        shown = [_header(raw) for raw in schema.raw if raw.name in names]
        write_headers(sheet, shown, table, library="pandas")
    for name in _columns_of(data):
        number = table.columns[name]
        for row, value in zip(table.rows, data.cells[name], strict=True):
            cell = sheet.cell(row, number)
            write_raw(cell, value)
            if not schema.is_plain:
                cell.number_format = "General"
    _draw_features(sheet, data, book)
    _draw_truth(sheet, data, book)
    widths = _PLAIN_WIDTHS if schema.is_plain else _draw_fields(sheet, data, book)
    set_widths(sheet, widths)
    sheet.freeze_panes = f"A{table.rows[0]}"
    sheet.sheet_view.showGridLines = False


def _draw_truth(sheet: Worksheet, data: Dataset, book: BookMap) -> None:
    """Write both ends of the line that the points were made up around, for charts."""
    if data.truth is None or TRUTH not in book.data.tables:
        return
    table, (slope, intercept) = book.data.tables[TRUTH], data.truth
    for name in _TRUE_LINE:
        sheet.cell(table.header_row, table.columns[name], name).style = "note"
    (x,) = data.inputs.values()
    for i, end in enumerate((min(x), max(x))):
        for name, value in zip(_TRUE_LINE, (end, slope * end + intercept), strict=True):
            sheet.cell(*table.cell(name, i), value).style = "note"


def _draw_features(sheet: Worksheet, data: Dataset, book: BookMap) -> None:
    table = book.data.tables["data"]
    columns = data.schema.feature_columns()
    write_headers(sheet, columns, table, library="pandas")
    write_body(sheet, columns, book, book.data, "data")
    for feature in data.schema.features:
        if feature.style != "number":
            for row in table.rows:
                sheet.cell(row, table.columns[feature.quantity]).style = feature.style


def _draw_fields(sheet: Worksheet, data: Dataset, book: BookMap) -> dict[int, float]:
    """Write what stands at the right of the columns, and return how wide they all are."""
    schema, tab = data.schema, book.data
    table = tab.tables["data"]
    write_fields(sheet, _shared(data), book, tab, "input")
    facts = _facts(data)
    write_fields(sheet, facts, book, tab, "value", words=True)
    write_fields(sheet, _told(data), book, tab, "value")
    for given in data.facts:
        sheet.cell(*tab.fields[given.key]).style = "count"
    for given in schema.facts():
        sheet.cell(*tab.fields[given.key]).number_format = "General"
    sheet.row_dimensions[table.header_row + 1].height = 34
    set_page(sheet)
    names = _columns_of(data)
    widths = {table.columns[raw.name]: raw.width for raw in schema.raw if raw.name in names}
    widths |= {table.columns[name]: _FEATURE_WIDTH for name in schema.feature_names}
    widths[len(names) + 1] = 2
    if facts:
        right = tab.fields[facts[0].key][1]
        widths |= {right - 3: 2, right - 2: 18, right - 1: 18, right: 20, right + 1: 44}
        fold_columns(sheet, [right - 1])
    right = tab.fields[MARKER][1]
    widths |= {right - 2: 2, right - 1: 18, right: 26, right + 1: 44}
    set_widths(sheet, widths)
    fold_columns(sheet, range(right - 1, right + 2))
    return widths


def _header(raw: Raw) -> Column:
    return Column(raw.name, "", "", raw.note, in_frame(raw.name), group="as in the file")


def write_raw(cell: Cell, value: float | str | None) -> None:
    """Write what a data file has in a cell: text stays text, whatever it looks like."""
    cell.style = "words" if isinstance(value, str) else "input"
    if isinstance(value, str):
        # openpyxl takes a leading "=" for a formula.
        cell.value = _ESCAPE.sub("_x005F_", value)
        cell.data_type = "s"
        # As if typed with an apostrophe: editing the cell does not turn it into a formula.
        cell.quotePrefix = True
    elif value is not None:
        cell.value = int(value) if value.is_integer() else value


_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""In an .xlsx file _x000D_ stands for a character by its number."""
