"""The matrix tab: W as a block of cells, and X·W row by row and in one formula."""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.folding import fold_columns
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, formula_maker
from xlsgd.sheets.style import set_page, shorten_large
from xlsgd.sheets.writing import (
    marker_field,
    number_rows,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.matrix import columns as matrix
from xlsgd.tabs.matrix.columns import MARKED
from xlsgd.training.experiment import Experiment

__all__ = ["draw_matrix_tab", "map_matrix_tab"]

_W_HEADER, _KEYS, _W = 5, 2, 6


def map_matrix_tab(experiment: Experiment, sheet: str, rows: int) -> TabMap:
    """Return where everything goes.  rows: of data."""
    keys = [given.key for given in matrix.fields(experiment)]
    tab = TabMap(
        sheet, {key: (_W_HEADER + 2 + i, _KEYS + 1) for i, key in enumerate((*keys, MARKER))}
    )
    units = matrix.units(experiment)
    for j, names in enumerate(units):
        for i, name in enumerate(names):
            tab.fields[f"weight.{name}"] = (_W_HEADER + 2 + i, _W + 1 + j)
        tab.fields[f"one.{j + 1}"] = (_W_HEADER + len(names) + 5 + j, _W + 1)
    names = [column.quantity for column in matrix.product_table(experiment)]
    below = range(_W_HEADER + 2, _W_HEADER + 2 + rows)
    tab.tables["product"] = TableMap.laid_out(_W_HEADER, names, _W + len(units) + 3, below)
    return tab


def draw_matrix_tab(sheet: Worksheet, experiment: Experiment, rows: int, book: BookMap) -> None:
    """Write the tab.  rows: of data."""
    tab = book.of("matrix")[experiment.id]
    units = matrix.units(experiment)
    inputs = experiment.network.input_names
    note = (
        f"X is the table of inputs on '{book.data.sheet}', W the weights of the model, a column a "
        f"unit. ({rows:,} × {len(inputs)}) · ({len(inputs)} × {len(units)}) = "
        f"({rows:,} × {len(units)}): the inner numbers must agree and vanish."
    )
    write_title(sheet, "The same as one matrix product", note)
    write_fields(sheet, matrix.fields(experiment), book, tab, "value", words=True)
    write_fields(sheet, [marker_field(MARKED)], book, tab, "value", words=True)
    sheet.cell(_W_HEADER - 1, _W, f"W, {len(inputs)} × {len(units)}").style = "group"
    sheet.cell(_W_HEADER, _W, "input").style = "quantity"
    for j in range(len(units)):
        sheet.cell(_W_HEADER, _W + 1 + j, f"unit {j + 1}").style = "quantity"
    for i, name in enumerate(inputs):
        sheet.cell(_W_HEADER + 2 + i, _W, name).style = "key"
    for name, formula in matrix.weight_formulas(experiment).items():
        cell = sheet.cell(*tab.fields[f"weight.{name}"])
        cell.value = formula_maker(formula, book, tab)(cell.row)
        cell.style = "number"
    ones_row = tab.fields["one.1"][0]
    sheet.cell(ones_row - 2, _W, f"ones, {len(units)} × 1").style = "group"
    sheet.cell(ones_row - 1, _W, "(· ones) adds the units up").style = "note"
    for j in range(len(units)):
        cell = sheet.cell(*tab.fields[f"one.{j + 1}"], 1)
        cell.style = "count"
    table = tab.tables["product"]
    columns = matrix.product_table(experiment)
    write_headers(sheet, columns, table)
    write_body(sheet, columns, book, tab, "product")
    left = min(table.columns.values()) - 1
    number_rows(sheet, table, left)
    widths = {1: 26, 2: 22, 3: 22, 4: 44, 5: 2, _W: 14, left: 8, left - 1: 2}
    widths |= dict.fromkeys(range(_W + 1, _W + 1 + len(units)), 11)
    widths |= dict.fromkeys(table.columns.values(), 16)
    set_widths(sheet, widths)
    sheet.row_dimensions[table.header_row + 1].height = 34
    fold_columns(sheet, [_KEYS])
    shorten_large(sheet, table.span)
    sheet.freeze_panes = f"A{table.rows[0]}"
    set_page(sheet)
