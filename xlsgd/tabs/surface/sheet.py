"""The surface tab: the map in coloured cells, the ways over it, and beside it what it says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Input
from xlsgd.sheets.charts import Curve, add_overlay
from xlsgd.sheets.folding import fold_columns
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address, quoted
from xlsgd.sheets.style import MAP_COLOURS, SERIES, fill_of, set_page, shortened
from xlsgd.sheets.writing import (
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_heading,
    write_value,
)
from xlsgd.tabs.surface import columns as surface
from xlsgd.training.experiment import Experiment

__all__ = ["draw_surface_tab", "map_surface_tab"]

_ABOUT, _LEGEND, _ABOVE_KEYS, _ABOVE, _KEYS, _GRID = range(2, 8)
_LEFT = 3
"""The first column of the map; left of it stand the numbers of its rows and the intercepts."""
_WORDS = _LEFT + surface.PLACES + 1
_VALUES = _WORDS + 2
"""Columns of words and of values; the keys between them are folded away."""
_BESIDE = shortened("#,##0.00")
_SHORT = '[>=9999.5]0,"k";[>=99.5]0;0.0'
_POINTS = 12.75
_MARKED = Input(MARKER, surface.MARKED, "", fixed=True)


def map_surface_tab(shown: Sequence[Experiment], sheet: str) -> TabMap:
    """Return where everything goes."""
    first = shown[0]
    tab = TabMap(sheet, follows=tuple(e.id for e in shown))
    for i, given in enumerate(surface.positions(first)):
        tab.fields[given.key] = (_ABOVE, _LEFT + i)
    rows = range(_GRID, _GRID + surface.PLACES)
    names = [column.quantity for column in surface.grid_columns(first)]
    tab.tables["grid"] = TableMap.laid_out(_KEYS, names, _LEFT - 2, rows)
    for fields, begin in _sections(shown):
        for row, given in zip(count(begin), fields, strict=False):
            tab.fields[given.key] = (row, _VALUES)
    paths = [column.quantity for column in surface.path_columns(shown)]
    epochs = 1 + max(e.epochs for e in shown)
    rows = range(_KEYS + 2, _KEYS + 2 + epochs)
    tab.tables["path"] = TableMap.laid_out(_KEYS, paths, _VALUES + 3, rows)
    return tab


def _sections(shown: Sequence[Experiment]) -> list[tuple[Sequence[Input], int]]:
    """Return the fields beside the map, and the row in which each group of them begins."""
    first = shown[0]
    lowest, window = surface.lowest(first), surface.window(first)
    found = []
    row = _GRID
    for fields in (window, lowest[-3:], surface.levels()):
        found.append((fields, row))
        row += len(fields) + 2
    return [*found, ([*lowest[:-3], *surface.marks(first), _MARKED], row)]


def draw_surface_tab(sheet: Worksheet, shown: Sequence[Experiment], book: BookMap) -> None:
    """Write the tab."""
    (tab,) = book.of("surface").values()
    first = shown[0]
    a, b = surface.line_weights(first)
    title = sheet.cell(1, _LEFT - 1, f"The mean loss over {a} and {b}, and the way of every run")
    title.style = "title"
    sheet.cell(
        _ABOUT,
        _LEFT - 1,
        f"A cell is a line: {a} of its column, {b} of its row; its number is the mean loss on "
        f"'{book.data.sheet}'. Each colour is √10 times the loss of the one before. A way has a "
        "corner after every epoch; ◇ is the least loss.",
    ).style = "about"
    sheet.merge_cells(start_row=_ABOUT, end_row=_ABOUT, start_column=_LEFT - 1, end_column=_VALUES)
    for given in surface.positions(first):
        sheet.cell(_ABOVE_KEYS, tab.fields[given.key][1], given.key).style = "key"
        write_value(sheet, given, book, tab, "axis")
    sheet.cell(_ABOVE, _LEFT - 1, f"{b} ↓  {a} →").style = "axis"
    _draw_grid(sheet, first, book, tab)
    _draw_beside(sheet, shown, book, tab)
    columns = surface.path_columns(shown)
    write_headers(sheet, columns, tab.tables["path"], symbols=True, notes=False)
    write_body(sheet, columns, book, tab, "path")
    _draw_ways(sheet, shown, tab)
    _set_sizes(sheet, tab)
    set_page(sheet)


def _draw_grid(sheet: Worksheet, first: Experiment, book: BookMap, tab: TabMap) -> None:
    table = tab.tables["grid"]
    columns = surface.grid_columns(first)
    for column in columns:
        sheet.cell(table.header_row, table.columns[column.quantity], column.quantity).style = "key"
    write_body(sheet, columns, book, tab, "grid")
    cell = None
    for row in table.rows:
        sheet.cell(row, table.columns["height"]).style = "axis"
        for i in range(1, surface.PLACES + 1):
            here = sheet.cell(row, table.columns[f"loss.{i}"])
            if cell is None:
                here.style = "map"
                here.number_format = _SHORT
                here.fill = fill_of(MAP_COLOURS[-1])
                cell = here
            here._style = cell._style
    where = f"{address((table.rows[0], _LEFT))}:"
    where += address((table.rows[-1], _LEFT + surface.PLACES - 1))
    for level, colour in zip(surface.levels(), MAP_COLOURS, strict=False):
        border = address(tab.fields[level.key], absolute=True)
        look = DifferentialStyle(fill=fill_of(colour))
        rule = Rule(type="cellIs", operator="lessThan", dxf=look, formula=[border])
        sheet.conditional_formatting.add(where, rule)


def _draw_beside(sheet: Worksheet, shown: Sequence[Experiment], book: BookMap, tab: TabMap) -> None:
    """Write the legend of the ways, and the fields with their headings."""
    links = [sheet.parent.worksheets[0].title, *(one.sheet for one in book if one.runs)]
    for i, name in enumerate(links):
        cell = sheet.cell(1, _WORDS if not i else _VALUES + i - 1, name)
        cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(name)}!A1")
        cell.style = "link"
    headings = ("what the map shows", "the least loss", "colours change at", "for the map")
    for (fields, row), words in zip(_sections(shown), headings, strict=True):
        write_heading(sheet, row - 1, _WORDS, 3, words)
        own = fields[0].key.startswith("from.")
        write_fields(sheet, fields, book, tab, "input" if own else "value", words=True)
    for given, colour in zip(surface.levels(), MAP_COLOURS, strict=False):
        row, column = tab.fields[given.key]
        sheet.cell(row, column - 2).fill = fill_of(colour)
        sheet.cell(row, column).number_format = _BESIDE
    for given in surface.lowest(shown[0])[1:]:
        sheet.cell(*tab.fields[given.key]).number_format = _BESIDE
    sheet.cell(*tab.fields[MARKER]).style = "fact"


def _draw_ways(sheet: Worksheet, shown: Sequence[Experiment], tab: TabMap) -> None:
    """Draw the ways over the map, and their names in their colours above it."""
    path, grid = tab.tables["path"], tab.tables["grid"]
    name = quoted(sheet.title)

    def cells(quantity: str) -> str:
        letter = column_letters(path.columns[quantity])
        return f"{name}!${letter}${path.rows[0]}:${letter}${path.rows[-1]}"

    curves = []
    place = _LEFT
    for i, e in enumerate(shown):
        a, b = surface.line_weights(e)
        curves.append(Curve(cells(f"plot.{a}.{e.id}"), cells(f"plot.{b}.{e.id}"), e.id))
        cell = sheet.cell(_LEGEND, place, f"━ {e.id}")
        cell.style = "group"
        cell.font = Font(name="Calibri", size=10, bold=True, color=SERIES[i % len(SERIES)])
        place += 2 + len(e.id) // 5
    marks = [
        f"{name}!{address(tab.fields[given.key], absolute=True)}"
        for given in surface.marks(shown[0])
    ]
    curves.append(Curve(marks[0], marks[1], "least loss", "mark"))
    corners = (grid.rows[0], _LEFT), (grid.rows[-1], _LEFT + surface.PLACES - 1)
    edge = (0.5, surface.PLACES + 0.5)
    names = surface.line_weights(shown[0])
    add_overlay(sheet, *corners, "The ways of the runs over the loss", names, curves, edge)


def _set_sizes(sheet: Worksheet, tab: TabMap) -> None:
    widths: dict[int, float] = {1: 3, 2: 7, _WORDS - 1: 2, _WORDS: 16, _VALUES - 1: 14, _VALUES: 10}
    widths |= dict.fromkeys(range(_LEFT, _LEFT + surface.PLACES), 4.6)
    widths[_VALUES + 1] = 46
    set_widths(sheet, widths)
    columns = tab.tables["path"].columns.values()
    set_widths(sheet, dict.fromkeys(range(min(columns), max(columns) + 1), 12.0))
    fold_columns(sheet, [_VALUES - 1])
    fold_columns(sheet, columns)
    for row in range(_GRID, _GRID + surface.PLACES):
        sheet.row_dimensions[row].height = _POINTS
    for row in (_ABOVE_KEYS, _KEYS):
        sheet.row_dimensions[row].hidden = True
    sheet.column_dimensions["A"].hidden = True
    sheet.row_dimensions[_ABOUT].height = 30
    sheet.freeze_panes = f"A{_GRID}"
