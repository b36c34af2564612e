"""The counts tab: one row for everything that was tried, and bars of what it was worth."""

from __future__ import annotations

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.charts import BarSpec, ChartPlace, add_bars
from xlsgd.sheets.folding import FOLDED, fold_top, header_below
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, quoted, range_in
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.counts.columns import COLUMNS, MARKED, SHARE
from xlsgd.tabs.counts.plan import Counts

__all__ = ["draw_counts_tab", "map_counts_tab"]

_HEADER = header_below(1)
_CHART, _PIXELS = 8, (570, 320)
"""The column that the chart is over, and how large it is."""
_WIDTHS = {"what": 35, "runs": 9, "median_epoch": 14, "below": 9, "command": 96}


def map_counts_tab(shown: Counts) -> TabMap:
    """Return where everything goes."""
    rows = range(_HEADER + 2, _HEADER + 2 + len(shown.rows))
    *seen, command = (column.quantity for column in COLUMNS)
    table = TableMap.laid_out(_HEADER, seen, 1, rows)
    table.columns[command] = _CHART + 1
    return TabMap(shown.sheet, {MARKER: (FOLDED, 2)}, {"counts": table})


def draw_counts_tab(sheet: Worksheet, shown: Counts, book: BookMap) -> None:
    """Write the tab."""
    tab = book.of("counts")[shown.sheet]
    table = tab.tables["counts"]
    write_title(sheet, shown.title, shown.about)
    write_fields(sheet, [marker_field(MARKED)], book, tab, "value")
    write_headers(sheet, COLUMNS, table, symbols=True)
    for row, count in zip(table.rows, shown.rows, strict=True):
        for column in COLUMNS:
            if column is SHARE or getattr(count, column.quantity) is None:
                continue
            cell = sheet.cell(row, table.columns[column.quantity], getattr(count, column.quantity))
            cell.style = "fact" if isinstance(cell.value, str) else "count"
            if column.quantity == "below":
                cell.number_format = "General"
    write_body(sheet, [SHARE], book, tab, "counts")
    for row in table.rows:
        cell = sheet.cell(row, table.columns[SHARE.quantity])
        cell.style, cell.alignment = "share", Alignment("right")
    name = quoted(shown.sheet)
    bars = BarSpec(
        "Share of the runs that got there",
        "",
        "share",
        f"{name}!{range_in(table, 'what')}",
        {"share": f"{name}!{range_in(table, 'share')}"},
        y_range=(0.0, 1.0),
    )
    begin = AnchorMarker(col=_CHART - 1, colOff=0, row=table.rows[0] - 1, rowOff=0)
    add_bars(sheet, ChartPlace(begin, *_PIXELS), bars)
    widths = {i: _WIDTHS.get(name, 11.0) for name, i in table.columns.items()}
    set_widths(sheet, widths | {_CHART - 1: 2, _CHART: _PIXELS[0] / 7 + 2})
    fold_top(sheet, _HEADER)
    sheet.freeze_panes = f"B{table.rows[0]}"
    set_page(sheet)
