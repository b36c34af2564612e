"""The data tab: x and y as plain numbers, the one place that every other tab reads them from."""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.data import Dataset
from xlsgd.sheets.maps import TableMap, TabMap
from xlsgd.sheets.markers import DATA, MARKER

__all__ = ["draw_data_tab", "map_data_tab"]

_HEADER_ROW = 5


def map_data_tab(data: Dataset, sheet: str) -> TabMap:
    """Return where the data goes."""
    names = (*data.inputs, "y")
    first = _HEADER_ROW + 1
    table = TableMap(
        _HEADER_ROW,
        {name: 1 + i for i, name in enumerate(names)},
        list(range(first, first + data.rows)),
    )
    return TabMap(sheet, fields={MARKER: (3, 2)}, tables={"data": table})


def draw_data_tab(sheet: Worksheet, data: Dataset, tab: TabMap) -> None:
    """Write the data tab."""
    sheet["A1"] = "The data"
    sheet["A1"].style = "title"
    sheet["A2"] = f"{data.title}. Change a number and every tab follows."
    sheet["A2"].style = "note"
    sheet["A3"], sheet["B3"] = MARKER, DATA
    sheet["A3"].style = sheet["B3"].style = "note"
    table = tab.tables["data"]
    for name, values in (*data.inputs.items(), ("y", data.y)):
        number = table.columns[name]
        header = sheet.cell(table.header_row, number, name)
        header.style = "quantity"
        for row, value in zip(table.rows, values, strict=True):
            cell = sheet.cell(row, number, value)
            cell.style = "input"
    for letter in "ABCDEFGHIJ":
        sheet.column_dimensions[letter].width = 14
    sheet.freeze_panes = f"A{table.rows[0]}"
    sheet.sheet_view.showGridLines = False
