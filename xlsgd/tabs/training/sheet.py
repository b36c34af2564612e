"""A training tab: fields at the left, charts beside them, then the tables of its layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address, formula_maker, quoted
from xlsgd.sheets.style import set_page, shorten_large
from xlsgd.sheets.writing import (
    FIRST_ROW,
    GROUP_ROW,
    HEADER_ROW,
    PAPER_ROW,
    write_body,
    write_fields,
    write_headers,
)
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.drawing import CHARTS, Drawing
from xlsgd.tabs.training.colours import colour
from xlsgd.tabs.view import View

__all__ = ["FIRST_COLUMN", "draw_training_tab", "map_training_tab"]

_KEY, _VALUE, _NOTE = 1, 2, 3
_CHARTS, FIRST_COLUMN, _GAP = 5, 11, 1
_ABOUT_COLUMNS = 11
_CHART_ROWS = 16
VERDICT_ROW = 2
_EPOCHS_HEADER = FIRST_ROW + _CHART_ROWS * CHARTS + 2

_INPUTS, _PANEL, _FACTS = "change these", "how the run went", "what this tab trains"


def map_training_tab(view: View, sheet: str, data_rows: int) -> TabMap:
    """Return where everything of an experiment's tab goes."""
    tab = TabMap(sheet, fields={"verdict": (VERDICT_ROW, _VALUE)})
    row = GROUP_ROW
    for _, fields in _sections(view):
        for given in fields:
            row += 1
            tab.fields[given.key] = (row, _VALUE)
        row += 2
    layout = get_layout(view.layout)
    lengths, left = layout.lengths(view.experiment, data_rows), FIRST_COLUMN
    tab.scope = layout.scope(view.experiment)
    for name, columns in layout.tables(view).items():
        header, begin = (_EPOCHS_HEADER, _CHARTS) if name == "epochs" else (HEADER_ROW, left)
        first = header + 2 if name == "epochs" else FIRST_ROW
        tab.tables[name] = TableMap(
            header,
            {column.quantity: begin + i for i, column in enumerate(columns)},
            list(range(first, first + lengths[name])),
        )
        if name != "epochs":
            left += len(columns) + _GAP
    return tab


def _sections(view: View) -> list[tuple[str, list[Input]]]:
    """Return the fields at the left below the verdict, under their headings."""
    experiment, schedule = view.experiment, view.experiment.schedule
    # No note beside words that need its room.
    facts = {
        "experiment": (experiment.id, "its name in reports and on 'compare'"),
        "network": (str(experiment.network), ""),
        "loss": (experiment.loss.name, experiment.loss.paper),
        "optimizer": (experiment.optimizer.name, experiment.optimizer.summary),
        "torch": (experiment.optimizer.torch_line, ""),
        **({} if schedule.steady else {"schedule": (schedule.name, schedule.summary)}),
        "difference": (experiment.difference, experiment.rules[0].summary),
        MARKER: (get_layout(view.layout).marker, ""),
    }
    layout = get_layout(view.layout)
    return [
        (_INPUTS, layout.inputs(view)),
        (_PANEL, [given for given in layout.panel(view) if given.key != "verdict"]),
        (_FACTS, [Input(key, value, note, fixed=True) for key, (value, note) in facts.items()]),
    ]


def draw_training_tab(sheet: Worksheet, view: View, book: BookMap) -> None:
    """Write an experiment's tab."""
    tab = book.training[view.id]
    layout = get_layout(view.layout)
    tables, drawing = layout.tables(view), layout.drawing

    sheet["A1"] = view.title
    sheet["A1"].style = "title"
    sheet.cell(1, _CHARTS, view.about).style = "about"
    sheet.merge_cells(
        start_row=1, end_row=1, start_column=_CHARTS, end_column=FIRST_COLUMN + _ABOUT_COLUMNS
    )
    panel = {given.key: given for given in layout.panel(view)}
    sheet.cell(VERDICT_ROW, _KEY, "verdict").style = "verdict"
    cell = sheet.cell(VERDICT_ROW, _VALUE)
    cell.value = formula_maker(str(panel["verdict"].value), book, tab)(VERDICT_ROW)
    cell.style = "verdict"
    for heading, fields in _sections(view):
        top = tab.fields[fields[0].key][0] - 1
        for number in (_KEY, _VALUE, _NOTE):
            sheet.cell(top, number).style = "heading"
        sheet.cell(top, _KEY, heading)
        write_fields(sheet, fields, book, tab, "input" if heading == _INPUTS else "value")

    for name, columns in tables.items():
        heading, notes = drawing.heading(name), drawing.has_notes(name)
        write_headers(sheet, columns, tab.tables[name], heading, notes=notes)
        write_body(sheet, columns, book, tab, name)
    drawing.draw_numbers(sheet, tab)
    _name_inputs(sheet, view, tab)
    # Colours first: LibreOffice takes the first rule that fits and leaves the others.
    colour(sheet, view, tab)
    shorten_large(sheet, *(table.span for table in tab.tables.values()))
    column = column_letters(_VALUE)
    shorten_large(sheet, f"{column}{FIRST_ROW}:{column}{max(r for r, _ in tab.fields.values())}")
    anchors = [f"{column_letters(_CHARTS)}{FIRST_ROW + i * _CHART_ROWS}" for i in range(CHARTS)]
    drawing.draw_charts(sheet, anchors, view, book)
    _set_sizes(sheet, tables, tab, drawing)


def _name_inputs(sheet: Worksheet, view: View, tab: TabMap) -> None:
    """Give inputs names of their own tab, for the name box and for a learner's formulas."""
    from openpyxl.workbook.defined_name import DefinedName

    for given in get_layout(view.layout).inputs(view):
        # "in_" before one letter: Excel takes r and c alone for a row and a column.
        name = given.key.replace(".", "_")
        place = address(tab.fields[given.key], absolute=True)
        defined = DefinedName(name, attr_text=f"{quoted(tab.sheet)}!{place}")
        sheet.defined_names[name] = defined


def _set_sizes(
    sheet: Worksheet, tables: Mapping[str, Sequence[Column]], tab: TabMap, drawing: Drawing
) -> None:
    widths: dict[int, float] = {_KEY: 20, _VALUE: 16, _NOTE: 46, 4: 2, 10: 2}
    widths |= dict.fromkeys(range(_CHARTS, 10), 13.0)
    for name, columns in tables.items():
        if name == "epochs":
            continue
        places = tab.tables[name].columns
        for column in columns:
            wide = max(11, len(column.quantity) * 1.15 + 1, min(len(column.paper) * 0.45 + 2, 18))
            widths[places[column.quantity]] = wide
        widths[max(places.values()) + 1] = drawing.gap_after(name)
    for number, width in widths.items():
        sheet.column_dimensions[column_letters(number)].width = width
    sheet.row_dimensions[1].height = 48
    sheet.row_dimensions[VERDICT_ROW].height = 20
    sheet.row_dimensions[PAPER_ROW].height = 34
    sheet.row_dimensions[_EPOCHS_HEADER + 1].height = 24
    sheet.freeze_panes = f"A{FIRST_ROW}"
    set_page(sheet)
