"""The plane tab: coloured cells, the way of the run over them, and what to choose with."""

from __future__ import annotations

from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Input
from xlsgd.sheets.charts import add_overlay, curves_over
from xlsgd.sheets.folding import FOLDED, fold_columns, fold_rows, fold_top, header_below
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address
from xlsgd.sheets.style import MAP_COLOURS, fill_of, set_page, shortened
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_heading,
    write_title,
)
from xlsgd.tabs.plane.columns import LEVELS, MARKED, OF, PLACES, fields, grid, typed, way
from xlsgd.tabs.plane.plan import Plane
from xlsgd.training.experiment import Experiment

__all__ = ["draw_plane_tab", "map_plane_tab"]

_VALUES, _GRID, _POINTS = 3, 6, 14.5
"""The columns of values and of the map, and how high its rows are."""
_BESIDE = shortened("#,##0.00")
_SHORT = '[>=9999.5]0,"k";[>=99.5]0;0.0'


def _folded(experiment: Experiment) -> list[Input]:
    """Return the fields that a reader need not see: all but the borders of the colours."""
    return [each for each in fields(experiment) if not each.key.startswith("level.")]


def map_plane_tab(shown: Plane, experiment: Experiment) -> TabMap:
    """Return where everything goes: what is folded away, and below it what a reader looks at."""
    folded = [*(each.key for each in _folded(experiment)), OF, MARKER]
    header = header_below(len(folded))
    seen = [each.key for each in typed(experiment, "", "", 0)]
    colours = [f"level.{i}" for i in range(1, LEVELS + 1)]
    right = _GRID + PLACES + 3
    rows = range(header + 2, header + 2 + PLACES)
    names = [column.quantity for column in grid(experiment)]
    passed = range(header + 2, header + 3 + experiment.epochs)
    begins = ((folded, FOLDED), (seen, header + 2), (colours, header + 4 + len(seen)))
    return TabMap(
        shown.sheet,
        {key: (top + i, _VALUES) for keys, top in begins for i, key in enumerate(keys)},
        {
            "grid": TableMap.laid_out(header, names, _GRID - 1, rows),
            "way": TableMap.laid_out(header, [c.quantity for c in way(experiment)], right, passed),
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
    write_fields(sheet, chosen, book, tab, "input", words=True)
    write_fields(sheet, fields(experiment), book, tab, "value", words=True)
    of = Input(OF, experiment.id, "the tab whose loss it is", fixed=True)
    write_fields(sheet, [of, marker_field(MARKED)], book, tab, "value", words=True)
    first = tab.fields["level.1"]
    write_heading(sheet, first[0] - 1, first[1] - 2, 3, "colours change at")
    for name, columns in (("grid", grid(experiment)), ("way", way(experiment))):
        write_headers(sheet, columns, tab.tables[name], notes=False, symbols=True)
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
        sheet.cell(border[0], border[1] - 2).fill = fill_of(colour)
        sheet.cell(*border).number_format = _BESIDE
        look = DifferentialStyle(fill=fill_of(colour))
        formula = [address(border, absolute=True)]
        rule = Rule(type="cellIs", operator="lessThan", dxf=look, formula=formula)
        sheet.conditional_formatting.add(where, rule)
    lines = {"plot_up": experiment.id}
    curves = curves_over(sheet.title, tab.tables["way"], "plot_across", lines)
    edge = (0.5, PLACES + 0.5)
    add_overlay(sheet, *corners, "The way over the loss", ("across", "up"), curves, edge)
    set_widths(sheet, {1: 14, 2: 12, 3: 12, 4: 38, 5: 5, 6: 7})
    set_widths(sheet, dict.fromkeys(range(left, right + 1), 4.6))
    set_widths(sheet, dict.fromkeys(tab.tables["way"].columns.values(), 12.0))
    fold_columns(sheet, [_VALUES - 1])
    fold_columns(sheet, [table.columns["place"]])
    fold_columns(sheet, tab.tables["way"].columns.values())
    fold_top(sheet, table.header_row)
    # Names of columns are no help beside colours.
    fold_rows(sheet, table.header_row, table.header_row + 1)
    for row in table.rows:
        sheet.row_dimensions[row].height = _POINTS
    sheet.cell(table.header_row - 1, left, "the weight across →, the weight up ↑").style = "group"
    set_page(sheet)
