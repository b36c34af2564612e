"""The curve tab: the function, and over it the ways of the runs, in one chart."""

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
from xlsgd.tabs.curve.columns import FUNCTION_OF, MARKED, POINTS, bends, columns, limits
from xlsgd.tabs.curve.plan import ShownCurve
from xlsgd.training.experiment import Experiment

__all__ = ["curve_chart", "draw_curve_tab", "map_curve_tab"]

_VALUES, _TABLE = 3, 6
_PIXELS = (760, 310)


def map_curve_tab(shown: ShownCurve, experiment: Experiment) -> TabMap:
    """Return where everything goes."""
    folded = (FUNCTION_OF, MARKER)
    header = header_below(len(folded))
    seen = (*limits(0, 1), *bends(experiment, 0))
    rows = range(header + 2, header + 2 + POINTS)
    names = [column.quantity for column in columns(experiment)]
    return TabMap(
        shown.sheet,
        {key: (FOLDED + i, _VALUES) for i, key in enumerate(folded)}
        | {given.key: (header + 1 + i, _VALUES) for i, given in enumerate(seen)},
        {"curve": TableMap.laid_out(header, names, _TABLE, rows)},
        follows=shown.experiments[:1],
    )


def draw_curve_tab(
    sheet: Worksheet, shown: ShownCurve, experiment: Experiment, book: BookMap
) -> None:
    """Write the tab."""
    tab = book.of("curve")[shown.sheet]
    table = tab.tables["curve"]
    write_title(sheet, shown.title, shown.about)
    write_fields(sheet, limits(shown.low, shown.high), book, tab, "input", words=True)
    where, *follow = bends(experiment, shown.where)
    write_fields(sheet, [where], book, tab, "input", words=True)
    write_fields(sheet, follow, book, tab, "value", words=True)
    sheet.cell(*tab.fields["largest_rate"]).number_format = "General"
    of = Input(FUNCTION_OF, experiment.id, "the tab whose function it is", fixed=True)
    write_fields(sheet, [of, marker_field(MARKED)], book, tab, "value", words=True)
    write_headers(sheet, columns(experiment), table, symbols=True)
    write_body(sheet, columns(experiment), book, tab, "curve")
    for row in table.rows:
        sheet.cell(row, table.columns["point"]).number_format = "0"
    begin = AnchorMarker(col=0, colOff=0, row=max(tab.fields.values())[0] + 1, rowOff=0)
    add_chart(sheet, ChartPlace(begin, *_PIXELS), curve_chart(shown, experiment, book))
    set_widths(
        sheet, {1: 18, 2: 16, 3: 12, 4: 60, 5: 2} | dict.fromkeys(table.columns.values(), 14)
    )
    fold_columns(sheet, [_VALUES - 1])
    fold_top(sheet, table.header_row)
    set_page(sheet)


def curve_chart(shown: ShownCurve, experiment: Experiment, book: BookMap) -> ChartSpec:
    """Return the chart of a function, with the ways of runs down it."""
    table = book.of("curve")[shown.sheet].tables["curve"]
    (p,) = experiment.network.parameters
    (curve,) = curves_over(shown.sheet, table, "at", {"curve": "the curve"})
    ways = []
    for id in shown.experiments:
        run = book.training[id]
        (way,) = curves_over(run.sheet, run.tables["steps"], f"plot.{p}", {"loss": id})
        ways.append(replace(way, look="way"))
    return ChartSpec(
        shown.title, p, "f", [replace(curve, look="faint"), *ways], x_min=shown.low,
        x_max=shown.high,
    )  # fmt: skip
