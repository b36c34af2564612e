"""The compare tab: all experiments in one chart and two tables."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd import comparison
from xlsgd.cells import column_letters
from xlsgd.columns import Column, Input
from xlsgd.experiment import Experiment
from xlsgd.sheets.charts import ChartSpec, add_chart
from xlsgd.sheets.maps import (
    BookMap,
    TableMap,
    TabMap,
    column_contents,
    formula_maker,
    quoted,
)
from xlsgd.sheets.markers import COMPARE, MARKER
from xlsgd.sheets.style import COLOURS, fill_of, set_page, shorten_large
from xlsgd.sheets.training_tab import write_fields

__all__ = ["draw_compare_tab", "map_compare_tab"]

_RUNS_HEADER = 9
_CHART_ROWS = 24


def map_compare_tab(experiments: Sequence[Experiment], sheet: str) -> TabMap:
    """Return where everything of the compare tab goes."""
    ids = [e.id for e in experiments]
    runs_first = _RUNS_HEADER + 1
    runs = TableMap(
        _RUNS_HEADER,
        {c.quantity: 1 + i for i, c in enumerate(comparison.runs_columns(ids[0]))},
        list(range(runs_first, runs_first + len(ids))),
    )
    header = runs.rows[-1] + _CHART_ROWS + 4
    losses = TableMap(
        header,
        {c.quantity: 1 + i for i, c in enumerate(comparison.losses_columns(ids))},
        list(range(header + 2, header + 2 + max(e.epochs for e in experiments))),
    )
    fields = {"target_loss": (4, 2), MARKER: (5, 2)}
    return TabMap(sheet, fields, {"runs": runs, "losses": losses})


def draw_compare_tab(
    sheet: Worksheet, experiments: Sequence[Experiment], target_loss: float, book: BookMap
) -> None:
    """Write the compare tab."""
    tab = book.compare
    assert tab is not None
    runs, losses = tab.tables["runs"], tab.tables["losses"]
    sheet["A1"] = "All runs side by side"
    sheet["A1"].style = "title"
    sheet["A2"] = (
        "Mean loss per epoch, each row's loss taken before its own update. Rates and start values "
        "are on the tabs: change them there, everything here follows."
    )
    sheet["A2"].style = "note"
    target = comparison.target_input(target_loss)
    write_fields(sheet, [target], book, tab, "input")
    marker = Input(MARKER, COMPARE, "what xlsgd verify looks for", fixed=True)
    write_fields(sheet, [marker], book, tab, "value")

    sheet.cell(_RUNS_HEADER - 2, 1, "all runs").style = "heading"
    for i, experiment in enumerate(experiments):
        for column in comparison.runs_columns(experiment.id):
            number = runs.columns[column.quantity]
            if i == 0:
                header = sheet.cell(runs.header_row, number, column.quantity)
                header.style = "quantity"
                sheet.cell(runs.header_row - 1, number, column.note).style = "paper"
            row = runs.rows[i]
            cell = sheet.cell(row, number)
            cell.style = "value"
            if column.formula.startswith("="):
                cell.value = formula_maker(column.formula, book, tab, "runs")(row)
            else:
                cell.value = column.formula
                there = quoted(book.training[experiment.id].sheet)
                cell.hyperlink = Hyperlink(cell.coordinate, location=f"{there}!A1")
                cell.style = "link"
            if column.quantity in ("optimizer", "verdict"):
                cell.style = "fact"
            if column.quantity == "learning_rate":
                cell.number_format = "General"
            if column.quantity.endswith("_to_target"):
                cell.number_format = "0"
    letter = column_letters(runs.columns["verdict"])
    where = f"{letter}{runs.rows[0]}:{letter}{runs.rows[-1]}"
    for words, ink in (("exploded", "exploded"), ("dead", "dead"), ("frozen", "frozen")):
        formula = f'ISNUMBER(SEARCH("{words}",{letter}{runs.rows[0]}))'
        sheet.conditional_formatting.add(
            where,
            FormulaRule(
                formula=[formula],
                font=Font(color=COLOURS[ink], bold=True),
                fill=fill_of(COLOURS[f"{ink}_pale"]),
            ),
        )

    shorten_large(sheet, runs.span, losses.span)
    columns = comparison.losses_columns([e.id for e in experiments])
    _draw_losses(sheet, columns, book, tab, losses)
    add_chart(
        sheet,
        f"A{runs.rows[-1] + 2}",
        ChartSpec(
            "Mean loss per epoch",
            "epoch",
            "epoch",
            "mean loss (log)",
            {f"plot.{e.id}": e.id for e in experiments},
            x_max=len(losses.rows),
            log=True,
            width_cm=28,
            height_cm=11.5,
        ),
        losses,
    )
    widths = {1: 20, 2: 22}
    for number in range(1, len(losses.columns) + 1):
        name = columns[number - 1].quantity
        width = widths.get(number, max(16, len(name) * 1.1 + 2))
        sheet.column_dimensions[column_letters(number)].width = width
    sheet.row_dimensions[runs.header_row - 1].height = 24
    set_page(sheet)


def _draw_losses(
    sheet: Worksheet, columns: Sequence[Column], book: BookMap, tab: TabMap, table: TableMap
) -> None:
    group = None
    for column in columns:
        number = table.columns[column.quantity]
        if column.group != group:
            group = column.group
            sheet.cell(table.header_row - 1, number, group).style = "group"
        header = sheet.cell(table.header_row, number, column.quantity)
        header.style = "quantity"
        whole = column.quantity == "epoch" or column.quantity.startswith("reached.")
        for row, content in column_contents(column, book, tab, "losses"):
            cell = sheet.cell(row, number, content)
            cell.style = "count" if whole else "number"
