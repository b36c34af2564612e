"""The plane tab: coloured cells, the way of the run over them, and what to choose with."""

from __future__ import annotations

from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Input
from xlsgd.sheets.charts import add_overlay, curves_over
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address
from xlsgd.sheets.style import MAP_COLOURS, fill_of, set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.plane.columns import LEVELS, MARKED, OF, PLACES, fields, grid, typed, way
from xlsgd.tabs.plane.plan import Plane
from xlsgd.training.experiment import Experiment

__all__ = ["draw_plane_tab", "map_plane_tab"]

_TOP, _HEADER, _VALUES, _GRID = 6, 4, 2, 5
"""The first row of fields, the row of headers; the columns of values, and of the map."""
_SHORT = '[>=9999.5]0,"k";[>=99.5]0;0.0'


def map_plane_tab(shown: Plane, experiment: Experiment) -> TabMap:
    """Return where everything goes."""
    given = [*typed(experiment, "", "", 0), *fields(experiment)]
    keys = [*(each.key for each in given), OF, MARKER]
    right = _GRID + PLACES + 4
    rows = range(_HEADER + 2, _HEADER + 2 + PLACES)
    names = [column.quantity for column in grid(experiment)]
    passed = range(_HEADER + 2, _HEADER + 3 + experiment.epochs)
    return TabMap(
        shown.sheet,
        {key: (_TOP + i, _VALUES) for i, key in enumerate(keys)},
        {
            "grid": TableMap.laid_out(_HEADER, names, _GRID - 1, rows),
            "way": TableMap.laid_out(_HEADER, [c.quantity for c in way(experiment)], right, passed),
        },
        follows=(experiment.id,),
    )


def draw_plane_tab(sheet: Worksheet, shown: Plane, experiment: Experiment, book: BookMap) -> None:
    """Write the tab."""
    tab = book.of("plane")[shown.sheet]
    table = tab.tables["grid"]
    write_title(
        sheet,
        f"The mean loss of '{experiment.id}' over two weights, and its way",
        "A cell is a pair of weights, its number their mean loss. The way has a corner after every "
        "epoch.",
    )
    chosen = typed(experiment, shown.across, shown.up, shown.after_epoch)
    write_fields(sheet, chosen, book, tab, "input")
    write_fields(sheet, fields(experiment), book, tab, "value")
    of = Input(OF, experiment.id, "the tab whose loss it is", fixed=True)
    write_fields(sheet, [of, marker_field(MARKED)], book, tab, "value")
    for name, columns in (("grid", grid(experiment)), ("way", way(experiment))):
        write_headers(sheet, columns, tab.tables[name], notes=False)
        write_body(sheet, columns, book, tab, name)
    left, right = table.columns["loss.1"], table.columns[f"loss.{PLACES}"]
    for row in table.rows:
        sheet.cell(row, table.columns["height"]).style = "axis"
        for column in range(left, right + 1):
            cell = sheet.cell(row, column)
            cell.style = "map"
            cell.number_format = _SHORT
            cell.fill = fill_of(MAP_COLOURS[-1])
    corners = (table.rows[0], left), (table.rows[-1], right)
    where = ":".join(map(address, corners))
    for i, colour in enumerate(MAP_COLOURS[:LEVELS], 1):
        border = tab.fields[f"level.{i}"]
        sheet.cell(border[0], border[1] - 1).fill = fill_of(colour)
        look = DifferentialStyle(fill=fill_of(colour))
        formula = [address(border, absolute=True)]
        rule = Rule(type="cellIs", operator="lessThan", dxf=look, formula=formula)
        sheet.conditional_formatting.add(where, rule)
    lines = {"plot_up": experiment.id}
    curves = curves_over(sheet.title, tab.tables["way"], "plot_across", lines)
    edge = (0.5, PLACES + 0.5)
    add_overlay(sheet, *corners, "The way over the loss", ("across", "up"), curves, edge)
    set_widths(sheet, {1: 12, 2: 12, 3: 38, 4: 4, 5: 7})
    set_widths(sheet, dict.fromkeys(range(left, right + 1), 4.6))
    set_widths(sheet, dict.fromkeys(tab.tables["way"].columns.values(), 12.0))
    for row in (_HEADER, _HEADER + 1):
        sheet.row_dimensions[row].hidden = True
    sheet.cell(_HEADER - 1, left, "the weight across →, the weight up ↑").style = "group"
    set_page(sheet)
