"""The passengers tab: raw columns as plain numbers and words, then the inputs made of them."""

from __future__ import annotations

import re

from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.data import Passengers
from xlsgd.data.passenger_formulas import MAX_AGE, feature_columns
from xlsgd.data.passengers import RAW_COLUMNS
from xlsgd.sheets.maps import BookMap, TableMap, TabMap
from xlsgd.sheets.markers import MARKER, PASSENGERS
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import (
    FIRST_ROW,
    HEADER_ROW,
    write_body,
    write_fields,
    write_headers,
)

__all__ = ["draw_passengers_tab", "map_passengers_tab", "write_raw"]

_RAW_WIDTHS = {"Name": 30, "Ticket": 12, "PassengerId": 12, "Cabin": 10, "Survived": 10}


def map_passengers_tab(data: Passengers, sheet: str) -> TabMap:
    """Return where the passengers go: raw columns, a gap, the inputs, a gap, fields."""
    first = len(data.raw) + 2
    columns = {name: 1 + i for i, name in enumerate(data.raw)}
    inputs = [column.quantity for column in feature_columns()]
    columns |= {name: first + i for i, name in enumerate(inputs)}
    columns["y"] = columns["Survived"]
    table = TableMap(HEADER_ROW, columns, list(range(FIRST_ROW, FIRST_ROW + data.rows)))
    values = first + len(inputs) + 2
    keys = (MAX_AGE.key, "rows_read", "dropped_age", "dropped_embarked", MARKER)
    places = {key: (FIRST_ROW + i, values) for i, key in enumerate(keys)}
    return TabMap(sheet, places, {"data": table})


def draw_passengers_tab(sheet: Worksheet, data: Passengers, book: BookMap) -> None:
    """Write the passengers."""
    tab = book.data
    table = tab.tables["data"]
    sheet["A1"] = "The passengers"
    sheet["A1"].style = "title"
    made_up = (
        " They are made up: nobody of that name sailed. Their shares by class, sex and age are "
        "those of the real ship."
        if data.made_up
        else ""
    )
    sheet["A2"] = (
        f"{data.title}.{made_up} Change a number or a word in yellow and every tab follows."
    )
    sheet["A2"].style = "note"
    raw = [
        Column(name, "", "", _NOTES[name], f"frame.{name}", group="as in the file")
        for name in data.raw
    ]
    write_headers(sheet, raw, table, library="pandas")
    for name, values in data.raw.items():
        number = table.columns[name]
        for row, value in zip(table.rows, values, strict=True):
            write_raw(sheet.cell(row, number), value)
        sheet.column_dimensions[column_letters(number)].width = _RAW_WIDTHS.get(name, 9)
    features = feature_columns()
    write_headers(sheet, features, table, library="pandas")
    write_body(sheet, features, book, tab, "data")
    for column in features:
        letters = column_letters(table.columns[column.quantity])
        sheet.column_dimensions[letters].width = 12
        if column.quantity not in ("age_n", "log_fare"):
            for row in table.rows:
                sheet.cell(row, table.columns[column.quantity]).style = "count"
    dropped = data.dropped
    write_fields(sheet, [MAX_AGE], book, tab, "value")
    facts = [
        Input("rows_read", float(data.rows_read), "passengers in the file", fixed=True),
        Input("dropped_age", float(dropped.get("Age", 0)), "of them without an age", fixed=True),
        Input(
            "dropped_embarked",
            float(dropped.get("Embarked", 0)),
            "of the others without a port",
            fixed=True,
        ),
        Input(MARKER, PASSENGERS, "what xlsgd verify looks for", fixed=True),
    ]
    write_fields(sheet, facts, book, tab, "value")
    for key in ("rows_read", "dropped_age", "dropped_embarked"):
        sheet.cell(*tab.fields[key]).style = "count"
    sheet.cell(*tab.fields[MAX_AGE.key]).number_format = "General"
    right = tab.fields[MARKER][1]
    for place, width in ((right - 1, 18), (right, 26), (right + 1, 44), (right - 2, 2)):
        sheet.column_dimensions[column_letters(place)].width = width
    gap = column_letters(len(data.raw) + 1)
    sheet.column_dimensions[gap].width = 2
    sheet.row_dimensions[HEADER_ROW + 1].height = 34
    sheet.freeze_panes = f"A{FIRST_ROW}"
    set_page(sheet)


def write_raw(cell: Cell, value: float | str | None) -> None:
    """Write what a data file has in a cell: text stays text, whatever it looks like."""
    cell.style = "words" if isinstance(value, str) else "input"
    cell.number_format = "General"
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

_NOTES = dict(
    zip(
        RAW_COLUMNS,
        (
            "number of the passenger in the file",
            "1: survived, 0: died. This is y",
            "class of the ticket: 1, 2 or 3",
            "as in the file; not used",
            "male or female",
            "in years",
            "siblings and spouses aboard",
            "parents and children aboard",
            "number of the ticket; not used",
            "price of the ticket in pounds",
            "number of the cabin; not used",
            "port: S is Southampton, C Cherbourg, Q Queenstown",
        ),
        strict=True,
    )
)
