"""The slice tab: cells to choose with, and a chart of the loss, its tangent and the step."""

from __future__ import annotations

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Input
from xlsgd.sheets.charts import ChartPlace, ChartSpec, Curve, add_chart, curves_over
from xlsgd.sheets.folding import FOLDED, fold_columns, fold_top, header_below
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address, quoted
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.slice.columns import MARKED, OF, POINTS, columns, follow, typed
from xlsgd.tabs.slice.plan import Slice
from xlsgd.training.experiment import Experiment

__all__ = ["draw_slice_tab", "map_slice_tab"]

_VALUES, _CHART, _TABLE = 3, 6, 17
_PIXELS = (560, 400)
_FIRST = ("here", "step_to", "slope", "rate", "loss_here", "loss_there")
"""What a reader asks for; what it is made of is folded away."""


def _folded(experiment: Experiment) -> list[Input]:
    return [each for each in follow(experiment) if each.key not in _FIRST]


def map_slice_tab(shown: Slice, experiment: Experiment) -> TabMap:
    """Return where everything goes: what is folded away, and below it what a reader asks for."""
    folded = [*(each.key for each in _folded(experiment)), OF, MARKER]
    header = header_below(len(folded))
    seen = [*(each.key for each in typed(experiment, "", 0)), *_FIRST]
    rows = range(header + 2, header + 2 + POINTS)
    names = [column.quantity for column in columns(experiment)]
    return TabMap(
        shown.sheet,
        {key: (FOLDED + i, _VALUES) for i, key in enumerate(folded)}
        | {key: (header + 1 + i, _VALUES) for i, key in enumerate(seen)},
        {"slice": TableMap.laid_out(header, names, _TABLE, rows)},
        follows=(experiment.id,),
    )


def draw_slice_tab(sheet: Worksheet, shown: Slice, experiment: Experiment, book: BookMap) -> None:
    """Write the tab."""
    tab = book.of("slice")[shown.sheet]
    table = tab.tables["slice"]
    write_title(
        sheet,
        f"The mean loss of '{experiment.id}' over one weight",
        "The curve is the mean loss of all rows while one weight moves and the others stay; the "
        "dashed line touches it where the weight is now, and a step goes against its slope.",
    )
    chosen = typed(experiment, shown.weight, shown.after_epoch)
    write_fields(sheet, chosen, book, tab, "input", words=True)
    write_fields(sheet, follow(experiment), book, tab, "value", words=True)
    sheet.cell(*tab.fields["rate"]).number_format = "General"
    of = Input(OF, experiment.id, "the tab whose loss it is", fixed=True)
    write_fields(sheet, [of, marker_field(MARKED)], book, tab, "value", words=True)
    write_headers(sheet, columns(experiment), table, symbols=True)
    write_body(sheet, columns(experiment), book, tab, "slice")
    curve, tangent = curves_over(
        sheet.title, table, "at", {"mean_loss": "mean loss", "tangent": "tangent"}
    )
    x, y = (_from_to(sheet, tab, *ends) for ends in (_FIRST[:2], _FIRST[4:]))
    dashed = Curve(tangent.x, tangent.y, tangent.words, "dashed")
    spec = ChartSpec(
        "The loss, its tangent, and the step",
        "the chosen weight",
        "mean loss",
        [curve, dashed, Curve(x, y, "the step", "way")],
        x_format="General",
        x_min=None,
    )
    begin = AnchorMarker(col=_CHART - 1, colOff=0, row=table.header_row, rowOff=0)
    add_chart(sheet, ChartPlace(begin, *_PIXELS), spec)
    set_widths(
        sheet, {1: 18, 2: 14, 3: 13, 4: 48, 5: 2} | dict.fromkeys(table.columns.values(), 12)
    )
    fold_columns(sheet, [_VALUES - 1])
    fold_columns(sheet, table.columns.values())  # for the chart
    fold_top(sheet, table.header_row)
    set_page(sheet)


def _from_to(sheet: Worksheet, tab: TabMap, first: str, last: str) -> str:
    ends = (address(tab.fields[key], absolute=True) for key in (first, last))
    return f"{quoted(sheet.title)}!{':'.join(ends)}"
