"""The model tab: weights at the top, a row to fill in, every row of data, and a histogram."""

from __future__ import annotations

from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.data import Dataset
from xlsgd.data.schema import Raw, Schema, Words
from xlsgd.sheets.charts import add_bars
from xlsgd.sheets.folding import fold_columns, fold_rows
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, formula_maker
from xlsgd.sheets.style import NUMBER, colour_rule, set_page, shorten_large
from xlsgd.sheets.writing import (
    number_rows,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_heading,
    write_title,
)
from xlsgd.tabs.model import columns as model
from xlsgd.tabs.model.charts import histogram
from xlsgd.tabs.model.columns import MARKED
from xlsgd.training.experiment import Experiment

__all__ = ["draw_model_tab", "map_model_tab"]

_KEY, _VALUE, _CHART, _FIRST = 2, 3, 9, 16
_ANSWER = "says"
_ASKED_HEADER, _WEIGHTS_HEADER = 5, 10
_HISTOGRAM_HEADER = 31


def map_model_tab(experiment: Experiment, data: Dataset, sheet: str) -> TabMap:
    """Return where everything goes."""
    groups = model.weight_groups(experiment)
    tab = TabMap(sheet)
    fields = (model.WEIGHTS_OF, *model.fields(experiment), *_facts(experiment))
    for i, given in enumerate(fields):
        tab.fields[given.key] = (_WEIGHTS_HEADER + i, _VALUE)
    for i, names in enumerate(groups):
        for j, name in enumerate(names):
            tab.fields[f"weight.{name}"] = (_WEIGHTS_HEADER + 1 + i, _FIRST + 1 + j)
    # The answer stands before the questions.
    others = [column.quantity for column in model.filled_columns(experiment, data.schema)]
    others.remove(_ANSWER)
    asked = [_ANSWER, *(raw.name for raw in data.schema.asked), *others]
    rows = range(_ASKED_HEADER + 2, _ASKED_HEADER + 3)
    tab.tables["filled"] = TableMap.laid_out(_ASKED_HEADER, asked, _VALUE, rows)
    # Below the fields: a row of keys is out of the way.
    header = max(_WEIGHTS_HEADER + len(groups) + 4, _WEIGHTS_HEADER + len(fields) + 2)
    forward = [column.quantity for column in model.forward_table(experiment)]
    rows = range(header + 2, header + 2 + data.rows)
    tab.tables["forward"] = TableMap.laid_out(header, forward, _FIRST + 1, rows)
    bars = ("from", "to", *(column.quantity for column in model.histogram_table()))
    rows = range(_HISTOGRAM_HEADER + 2, _HISTOGRAM_HEADER + 1 + len(model.BINS))
    tab.tables["histogram"] = TableMap.laid_out(_HISTOGRAM_HEADER, bars, _CHART, rows)
    return tab


def _facts(experiment: Experiment) -> list[Input]:
    return [
        Input("experiment", experiment.id, "the tab that trains these weights", fixed=True),
        Input("network", str(experiment.network), "", fixed=True),
        Input(MARKER, MARKED, "", fixed=True),
    ]


def draw_model_tab(sheet: Worksheet, experiment: Experiment, data: Dataset, book: BookMap) -> None:
    """Write the tab."""
    words = data.schema.words
    tab = book.of("model")[experiment.id]
    note = (
        f"Fill in the yellow row and see what the net says of {words.you}. Choose weights, or "
        f"type weights of your own over those at the right, where every {words.one}'s prediction "
        "stands below them."
    )
    write_title(sheet, f"The model: {experiment.network}", note)
    write_fields(sheet, [model.WEIGHTS_OF], book, tab, "input", words=True)
    write_fields(sheet, model.fields(experiment), book, tab, "value", words=True)
    write_fields(sheet, _facts(experiment), book, tab, "value", words=True)
    for key in ("above_1", "all_zero"):
        if key in tab.fields:
            sheet.cell(*tab.fields[key]).style = "count"
    sheet.cell(*tab.fields["accuracy"]).style = "share"
    write_heading(sheet, _WEIGHTS_HEADER - 1, _KEY - 1, 4, "what it predicts")
    _draw_weights(sheet, experiment, book, tab)
    _draw_filled(sheet, experiment, data.schema, book, tab)
    columns = model.forward_table(experiment)
    table = tab.tables["forward"]
    write_headers(sheet, columns, table, symbols=True)
    write_body(sheet, columns, book, tab, "forward")
    for row in table.rows:
        sheet.cell(row, table.columns["y"]).style = "count"
    number_rows(sheet, table, _FIRST)
    for unit, silence in experiment.network.silences.items():
        letter = column_letters(table.columns[unit])
        first = f"{letter}{table.rows[0]}"
        rule = colour_rule(silence.condition(first), "dead")
        sheet.conditional_formatting.add(f"{first}:{letter}{table.rows[-1]}", rule)
    _draw_histogram(sheet, words, book, tab)
    shorten_large(sheet, table.span, tab.tables["filled"].span)
    last = max(max(t.columns.values()) for t in tab.tables.values())
    widths: dict[int, float] = dict.fromkeys(range(_VALUE + 1, last + 1), 11.0)
    widths |= {_KEY - 1: 18, _KEY: 16, _VALUE: 22}
    set_widths(sheet, widths)
    fold_columns(sheet, [_KEY])
    hidden = table.header_row, tab.tables["filled"].header_row, tab.fields[MARKER][0]
    fold_rows(sheet, *hidden)
    set_page(sheet)


def _draw_weights(sheet: Worksheet, experiment: Experiment, book: BookMap, tab: TabMap) -> None:
    groups = model.weight_groups(experiment)
    names = experiment.network.input_names
    write_heading(sheet, _WEIGHTS_HEADER - 1, _FIRST, 1 + len(groups[0]), "the weights")
    for i, name in enumerate(("unit", *names)):
        sheet.cell(_WEIGHTS_HEADER, _FIRST + i, name).style = "quantity"
    for number, group in enumerate(groups, 1):
        row = tab.fields[f"weight.{group[0]}"][0]
        sheet.cell(row, _FIRST, number).style = "count"
        for name in group:
            cell = sheet.cell(*tab.fields[f"weight.{name}"])
            cell.value = formula_maker(model.weight_formula(experiment, name), book, tab)(row)
            cell.style = "input"
            cell.number_format = NUMBER


def _draw_filled(
    sheet: Worksheet, experiment: Experiment, schema: Schema, book: BookMap, tab: TabMap
) -> None:
    table = tab.tables["filled"]
    row = table.rows[0]
    question = schema.words.question
    write_heading(sheet, table.header_row - 2, _KEY - 1, 2 + len(table.columns), question)
    asked = [
        Column(raw.name, "", "yours to fill in", "", "", group="fill in", symbol=raw.name)
        for raw in schema.asked
    ]
    columns = model.filled_columns(experiment, schema)
    write_headers(sheet, asked, table, symbols=True, notes=False)
    for raw in schema.asked:
        cell = sheet.cell(row, table.columns[raw.name], raw.begins)
        cell.style = "words" if isinstance(raw.begins, str) else "input"
        rule = _rule(raw)
        rule.add(cell)
        sheet.add_data_validation(rule)
    columns.sort(key=lambda column: table.columns[column.quantity])
    write_headers(sheet, columns, table, symbols=True)
    write_body(sheet, columns, book, tab, "filled")
    for feature in schema.features:
        cell = sheet.cell(row, table.columns[feature.quantity])
        cell.style = feature.style if feature.style != "number" else cell.style
    sheet.cell(row, table.columns[_ANSWER]).style = "verdict"
    sheet.cell(row, _KEY - 1, schema.words.you).style = "key"


def _rule(raw: Raw) -> DataValidation:
    """Return what may be typed into a cell of the row to fill in."""
    name = raw.name
    if raw.among:
        rule = DataValidation(type="list", formula1=f'"{",".join(raw.choices)}"')
        rule.error = f"{name} is one of: {', '.join(raw.choices)}."
    elif raw.least is not None:
        least = f"{raw.least:g}"
        rule = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1=least)
        rule.error = f"{name} must be a number of {least} or more."
    elif raw.holds == "number":
        rule = DataValidation(type="decimal", operator="between", formula1="-1E+300")
        rule.formula2 = "1E+300"
        rule.error = f"{name} must be a number."
    else:
        rule = DataValidation(type="textLength", operator="greaterThan", formula1="0")
        rule.error = f"{name} must be a word."
    rule.errorTitle, rule.showErrorMessage, rule.allow_blank = name, True, False
    return rule


def _draw_histogram(sheet: Worksheet, words: Words, book: BookMap, tab: TabMap) -> None:
    table = tab.tables["histogram"]
    begins, ends = model.BINS[:-1], model.BINS[1:]
    for name in ("from", "to"):
        sheet.cell(table.header_row, table.columns[name], name).style = "quantity"
    columns = model.histogram_table()
    write_headers(sheet, columns, table)
    for row, begin, end in zip(table.rows, begins, ends, strict=True):
        for name, value in (("from", begin), ("to", end)):
            cell = sheet.cell(row, table.columns[name], value)
            cell.style = "value"
            cell.number_format = '[<-1000]"-∞";[>1000]"∞";0.0'
    write_body(sheet, columns, book, tab, "histogram")
    for name in ("y_0", "y_1"):
        for row in table.rows:
            sheet.cell(row, table.columns[name]).style = "count"
    add_bars(
        sheet, f"{column_letters(_CHART)}{_WEIGHTS_HEADER}", histogram(words, tab, height_cm=10.0)
    )
