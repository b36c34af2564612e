"""The curves tab: what is typed in, two charts below it, and the table beside them."""

from __future__ import annotations

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.charts import ChartPlace, ChartSpec, add_chart, curves_over
from xlsgd.sheets.folding import FOLDED, fold_columns, fold_top, header_below
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap
from xlsgd.sheets.style import set_page, shorten_large
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.curves import columns as curves
from xlsgd.tabs.curves.columns import MARKED, Tabulated, tabulated
from xlsgd.tabs.curves.plan import Curves

__all__ = ["draw_curves_tab", "map_curves_tab"]

_VALUES, _TABLE = 3, 6
_CHART_WIDTH, _CHART_ROWS, _PIXELS_A_ROW = 470, 9, 20


def _shown(plan: Curves) -> Tabulated:
    return tabulated(plan.over, list(plan.functions.values()))


def map_curves_tab(plan: Curves) -> TabMap:
    """Return where everything goes."""
    shown = _shown(plan)
    typed = {curves.BEGIN: plan.begin, curves.APART: plan.apart, **plan.given}
    folded = [*(given.key for given in curves.texts(shown, list(plan.functions))), MARKER]
    header = header_below(len(folded))
    seen = curves.inputs(shown, typed)
    names = [column.quantity for column in curves.curve_columns(shown)]
    rows = range(header + 2, header + 2 + plan.rows)
    return TabMap(
        plan.sheet,
        {key: (FOLDED + i, _VALUES) for i, key in enumerate(folded)}
        | {given.key: (header + 1 + i, _VALUES) for i, given in enumerate(seen)},
        {"curves": TableMap.laid_out(header, names, _TABLE, rows)},
        can_shrink=False,
    )


def draw_curves_tab(sheet: Worksheet, plan: Curves, book: BookMap) -> None:
    """Write the tab."""
    tab, shown, words = book.of("curves")[plan.sheet], _shown(plan), list(plan.functions)
    write_title(sheet, plan.title, plan.about)
    typed = {curves.BEGIN: plan.begin, curves.APART: plan.apart, **plan.given}
    write_fields(sheet, curves.inputs(shown, typed), book, tab, "input", words=True)
    facts = [*curves.texts(shown, words), marker_field(MARKED)]
    write_fields(sheet, facts, book, tab, "value", words=True)
    table = tab.tables["curves"]
    columns = curves.curve_columns(shown, words)
    write_headers(sheet, columns, table, symbols=True)
    write_body(sheet, columns, book, tab, "curves")
    for row in table.rows:
        sheet.cell(row, table.columns["place"]).style = "count"
    shorten_large(sheet, table.span)
    below = max(tab.fields.values())[0] + 1
    for i, (title, begins) in enumerate((("the functions", "value"), ("their slopes", "slope"))):
        lines = {f"{begins}.{n}": said for n, said in enumerate(words, 1)}
        spec = ChartSpec(
            title,
            shown.over,
            begins,
            curves_over(plan.sheet, table, shown.over, lines),
            x_min=None,
            x_format="General",
        )
        place = AnchorMarker(col=0, colOff=0, row=below + i * _CHART_ROWS, rowOff=0)
        add_chart(sheet, ChartPlace(place, _CHART_WIDTH, _CHART_ROWS * _PIXELS_A_ROW), spec)
    widths: dict[int, float] = {1: 12, 2: 12, 3: 22, 4: 36, 5: 2}
    for column in columns:
        widths[table.columns[column.quantity]] = max(10, len(column.header) * 0.95 + 2)
    set_widths(sheet, widths | {table.columns["place"]: 6})
    fold_columns(sheet, [_VALUES - 1])
    fold_top(sheet, table.header_row)
    sheet.freeze_panes = f"A{table.rows[0]}"
    set_page(sheet)
