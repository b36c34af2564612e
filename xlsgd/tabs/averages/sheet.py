"""The averages tab: signal and averages in charts, and what became of the signal beside them."""

from __future__ import annotations

from dataclasses import replace

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Input
from xlsgd.sheets.charts import ChartPlace, ChartSpec, add_chart, curves_over
from xlsgd.sheets.folding import FOLDED, fold_columns, fold_top, header_below
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.averages.columns import MARKED, columns, inputs, measured
from xlsgd.tabs.averages.plan import Averages

__all__ = ["draw_averages_tab", "map_averages_tab"]

_VALUES, _TABLE = 3, 15
_CHART_COLUMN, _PIXELS = 5, (600, 220)
_BELOW = 11
"""Rows from one chart to the next."""
_HELPERS = ("sum_", "in_step", "behind")


def _wave(shown: Averages) -> bool:
    return not shown.slopes


def _inputs(shown: Averages) -> list[Input]:
    return inputs(shown.share, shown.omega if _wave(shown) else None, shown.settled)


def _is_helper(given: Input) -> bool:
    return given.key.startswith(_HELPERS)


def map_averages_tab(shown: Averages) -> TabMap:
    """Return where everything goes: helpers are folded away, below them is what became of it."""
    fields = measured(_wave(shown))
    folded = [*(given.key for given in fields if _is_helper(given)), MARKER]
    seen = (*_inputs(shown), *(given for given in fields if not _is_helper(given)))
    header = header_below(len(folded))
    rows = range(header + 2, header + 2 + shown.length)
    names = [column.quantity for column in columns(_wave(shown))]
    return TabMap(
        shown.sheet,
        {key: (FOLDED + i, _VALUES) for i, key in enumerate(folded)}
        | {given.key: (header + 1 + i, _VALUES) for i, given in enumerate(seen)},
        {"signals": TableMap.laid_out(header, names, _TABLE, rows)},
    )


def draw_averages_tab(sheet: Worksheet, shown: Averages, book: BookMap) -> None:
    """Write the tab."""
    tab = book.of("averages")[shown.sheet]
    table, wave = tab.tables["signals"], _wave(shown)
    write_title(sheet, shown.title, shown.about)
    write_fields(sheet, _inputs(shown), book, tab, "input", words=True)
    write_fields(sheet, [*measured(wave), marker_field(MARKED)], book, tab, "value", words=True)
    sheet.cell(*tab.fields["settled"]).number_format = "0"
    every = columns(wave)
    write_headers(sheet, every, table, symbols=True)
    write_body(sheet, [column for column in every if column.formula], book, tab, "signals")
    for row, slope in zip(table.rows, shown.slopes, strict=False):
        sheet.cell(row, table.columns["signal"], slope).style = "input"
    for row in table.rows:
        sheet.cell(row, table.columns["measures"]).number_format = "0"
    lines = {"signal": "slope", "dampened": "dampened average"}
    lines |= {"predicted": "gain·sin(x − lag)"} if wave else {}
    first = curves_over(shown.sheet, table, "step", lines)
    first[0] = replace(first[0], look="faint")
    if wave:
        first[2] = replace(first[2], look="dashed")
    both = {"signal": "slope", "dampened": "dampened", "classic": "classic"}
    second = curves_over(shown.sheet, table, "step", both)
    second[0] = replace(second[0], look="faint")
    for i, (title, curves) in enumerate(
        (("The dampened average", first), ("Dampened and classic", second))
    ):
        begin = AnchorMarker(
            col=_CHART_COLUMN - 1, colOff=0, row=table.header_row + i * _BELOW, rowOff=0
        )
        spec = ChartSpec(title, "row", "slope", curves, x_max=shown.length)
        add_chart(sheet, ChartPlace(begin, *_PIXELS), spec)
    set_widths(sheet, {1: 18, 2: 16, 3: 11, 4: 56} | dict.fromkeys(table.columns.values(), 13))
    fold_columns(sheet, [_VALUES - 1])
    fold_top(sheet, table.header_row)
    set_page(sheet)
