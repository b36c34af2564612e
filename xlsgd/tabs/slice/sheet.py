"""The slice tab: cells to choose with, and a chart of the loss, its tangent and the step."""

from __future__ import annotations

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Input
from xlsgd.sheets.charts import ChartPlace, ChartSpec, Curve, add_chart, curves_over
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

_TOP, _KEYS, _CHART, _TABLE = 4, 1, 5, 16
_HEADER = 4
_PIXELS = (620, 400)
_FIRST = ("here", "step_to", "slope", "rate", "loss_here", "loss_there")
"""What a reader asks for, above what it is made of."""


def _sorted(experiment: Experiment) -> list[Input]:
    every = {each.key: each for each in follow(experiment)}
    return [every[key] for key in _FIRST] + [
        each for key, each in every.items() if key not in _FIRST
    ]


def map_slice_tab(shown: Slice, experiment: Experiment) -> TabMap:
    """Return where everything goes."""
    keys = [each.key for each in (*typed(experiment, "", 0), *_sorted(experiment))]
    rows = range(_HEADER + 2, _HEADER + 2 + POINTS)
    names = [column.quantity for column in columns(experiment)]
    return TabMap(
        shown.sheet,
        {key: (_TOP + i, _KEYS + 1) for i, key in enumerate([*keys, OF, MARKER])},
        {"slice": TableMap.laid_out(_HEADER, names, _TABLE, rows)},
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
    write_fields(sheet, typed(experiment, shown.weight, shown.after_epoch), book, tab, "input")
    write_fields(sheet, _sorted(experiment), book, tab, "value")
    sheet.cell(*tab.fields["rate"]).number_format = "General"
    of = Input(OF, experiment.id, "the tab whose loss it is", fixed=True)
    write_fields(sheet, [of, marker_field(MARKED)], book, tab, "value")
    write_headers(sheet, columns(experiment), table)
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
    begin = AnchorMarker(col=_CHART - 1, colOff=0, row=_TOP - 1, rowOff=0)
    add_chart(sheet, ChartPlace(begin, *_PIXELS), spec)
    set_widths(sheet, {1: 13, 2: 14, 3: 50, 4: 2} | dict.fromkeys(table.columns.values(), 12))
    set_page(sheet)


def _from_to(sheet: Worksheet, tab: TabMap, first: str, last: str) -> str:
    ends = (address(tab.fields[key], absolute=True) for key in (first, last))
    return f"{quoted(sheet.title)}!{':'.join(ends)}"
