"""A validation tab: losses epoch by epoch, charts, the rows that validate, weights, all rows."""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.data import Dataset
from xlsgd.data.schema import Schema
from xlsgd.sheets.charts import ChartSpec, add_chart, curves_over
from xlsgd.sheets.folding import fold_columns, fold_rows
from xlsgd.sheets.maps import BookMap, TableMap, TabMap
from xlsgd.sheets.style import set_page, shorten_large
from xlsgd.sheets.writing import (
    FIRST_ROW,
    HEADER_ROW,
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.dataset.sheet import write_raw
from xlsgd.tabs.validation import columns as validation
from xlsgd.tabs.validation.places import (
    CASES,
    EPOCHS,
    KIND_NAME,
    PASSED,
    WEIGHTS,
    ValidationScope,
    owner,
)
from xlsgd.training.experiment import Experiment

__all__ = ["draw_validation_tab", "map_validation_tab"]

_CHART_CM, _CHART_ROWS = 6.0, 13
"""How high a chart is, and the rows that it takes, with one below it."""
_COUNTERS = ("after epoch", "rows that", "row")
"""Headers of what only says which row of the forward pass is which."""
_FIELD_WIDTHS = (18.0, 17.0, 24.0, 44.0)
"""Of words, keys, values and notes."""
_ASIDE = ("lowest", "plot.")
"""What the names begin with of the last columns of the table of epochs, for which there is no room
on the first screen."""
_LEGEND = {"train": "rows that train", "validation": "rows that validate"}


def map_validation_tab(
    experiment: Experiment, data: Dataset, sheet: str, has_cases: bool
) -> TabMap:
    """Return where everything goes.  has_cases: whether the rows that validate stand there."""
    held = data.validation
    assert held is not None
    counted = validation.counts_right(experiment, data)
    rounds = experiment.epochs + 1
    tab = TabMap(sheet, scope=ValidationScope(experiment.id))
    left = 1

    def table(name: str, quantities: list[str], length: int) -> None:
        nonlocal left
        rows = range(FIRST_ROW, FIRST_ROW + length)
        tab.tables[name] = TableMap.laid_out(HEADER_ROW, quantities, left, rows)
        left += len(quantities) + 1

    epochs = [c.quantity for c in validation.epoch_columns(experiment, counted)]
    seen = [name for name in epochs if not name.startswith(_ASIDE)]
    table(EPOCHS, seen, rounds)
    for i, given in enumerate(_fields(experiment, data.schema, has_cases)):
        tab.fields[given.key] = (FIRST_ROW + i, left + 2)
    left += len(_FIELD_WIDTHS) + 1
    for name in epochs[len(seen) :]:
        tab.tables[EPOCHS].columns[name] = left
        left += 1
    left += 1
    if has_cases:
        raw = [each.name for each in data.schema.raw if each.name in held.cells]
        table(CASES, raw, held.rows)
        columns = tab.tables[CASES].columns
        for name in data.schema.feature_names:
            columns[name] = left
            left += 1
        left += bool(data.schema.feature_names)
        columns |= {name: columns[of] for name, of in data.schema.answers.items()}
    table(WEIGHTS, [c.quantity for c in validation.weight_columns(experiment)], rounds)
    left += len(_COUNTERS)
    quantities = [c.quantity for c in validation.passed_columns(experiment, counted)]
    table(PASSED, quantities, rounds * (data.rows + held.rows))
    return tab


def _fields(experiment: Experiment, schema: Schema, has_cases: bool) -> list[Input]:
    facts = [
        Input("experiment", experiment.id, "its tab trains these weights", fixed=True),
        marker_field(validation.MARKED),
    ]
    return [
        *validation.fields(),
        *([validation.cases_field(schema)] if has_cases else []),
        *facts,
    ]


def draw_validation_tab(
    sheet: Worksheet, experiment: Experiment, data: Dataset, book: BookMap
) -> None:
    """Write the tab."""
    tab = book.of(KIND_NAME)[experiment.id]
    training, holder = book.training[experiment.id].sheet, owner(book)
    where = "in yellow" if holder is tab else f"on '{holder.sheet}'"
    write_title(
        sheet,
        f"Rows that do not train: what they say of '{training}'",
        f"After the last step of every epoch, all rows go through the net with the weights of that "
        f"moment: those of '{book.data.sheet}', which train, and those {where}, which only "
        "validate. Epoch 0 is the start. A validation loss that rises while the other falls is "
        "overfitting.",
    )
    has_cases = CASES in tab.tables
    write_fields(sheet, _fields(experiment, data.schema, has_cases), book, tab, "value", words=True)
    for key in ("train_rows", "validation_rows", "best_epoch"):
        sheet.cell(*tab.fields[key]).style = "count"
    counted = validation.counts_right(experiment, data)
    tables: dict[str, list[Column]] = {
        EPOCHS: validation.epoch_columns(experiment, counted),
        WEIGHTS: validation.weight_columns(experiment),
        PASSED: validation.passed_columns(experiment, counted),
    }
    widths: dict[int, float] = {}
    for name, columns in tables.items():
        table = tab.tables[name]
        write_headers(sheet, columns, table, symbols=True)
        write_body(sheet, columns, book, tab, name)
        for column in columns:
            wide = max(11.0, len(column.header) * 1.05 + 1)
            widths[table.columns[column.quantity]] = wide if column.quantity != "epoch" else 7.0
    for name in ("train_accuracy", "validation_accuracy"):
        for row in tab.tables[EPOCHS].rows if name in tab.tables[EPOCHS].columns else ():
            sheet.cell(row, tab.tables[EPOCHS].columns[name]).style = "share"
    if has_cases:
        widths |= _draw_cases(sheet, data, book, tab)
    _draw_counters(sheet, tab, data)
    _draw_charts(sheet, tab)
    shorten_large(sheet, *(tab.tables[name].span for name in tables))
    left = tab.fields[validation.fields()[0].key][1] - 2
    widths |= {left + i: width for i, width in enumerate(_FIELD_WIDTHS)}
    for number in range(1, max(widths)):
        widths.setdefault(number, 2.0)
    first = min(tab.tables[PASSED].columns.values())
    widths |= {first - i: 11.0 for i in range(1, len(_COUNTERS) + 1)}
    set_widths(sheet, widths)
    fold_columns(sheet, [left + 1])
    places = tab.tables[EPOCHS].columns
    fold_columns(sheet, [i for name, i in places.items() if name.startswith(_ASIDE)])
    fold_rows(sheet, HEADER_ROW)
    sheet.freeze_panes = f"B{FIRST_ROW}"
    set_page(sheet)


def _draw_cases(sheet: Worksheet, data: Dataset, book: BookMap, tab: TabMap) -> dict[int, float]:
    """Write the rows that validate, and return how wide their columns are."""
    schema, table, held = data.schema, tab.tables[CASES], data.validation
    assert held is not None
    shown = [raw for raw in schema.raw if raw.name in held.cells]
    headers = [
        Column(raw.name, "", "", raw.note, f"frame['{raw.name}']", _GROUP, symbol=raw.name)
        for raw in shown
    ]
    write_headers(sheet, headers, table, library="pandas", symbols=True)
    for raw in shown:
        for row, value in zip(table.rows, held.cells[raw.name], strict=True):
            cell = sheet.cell(row, table.columns[raw.name])
            write_raw(cell, value)
            cell.number_format = "General"
    columns = schema.feature_columns("{{fact.{}}}")
    write_headers(sheet, columns, table, library="pandas", symbols=True)
    write_body(sheet, columns, book, tab, CASES)
    for feature in schema.features:
        for row in table.rows if feature.style != "number" else ():
            sheet.cell(row, table.columns[feature.quantity]).style = feature.style
    names = (*(raw.name for raw in shown), *schema.feature_names)
    return {table.columns[name]: max(11.0, len(name) * 1.1 + 2) for name in names}


_GROUP = "rows that validate"


def _draw_counters(sheet: Worksheet, tab: TabMap, data: Dataset) -> None:
    """Say of every row of the forward pass which it is."""
    table, held = tab.tables[PASSED], data.validation
    assert held is not None
    first = min(table.columns.values()) - len(_COUNTERS)
    for i, words in enumerate(_COUNTERS):
        sheet.cell(table.header_row + 1, first + i, words).style = "symbol"
    for place, row in enumerate(table.rows):
        epoch, number = divmod(place, data.rows + held.rows)
        trains = number < data.rows
        said = epoch, "train" if trains else "validate", number + 1 - (0 if trains else data.rows)
        for i, value in enumerate(said):
            sheet.cell(row, first + i, value).style = "fact" if i == 1 else "count"


def _draw_charts(sheet: Worksheet, tab: TabMap) -> None:
    """Draw the losses of both kinds of rows, and below them their accuracies."""
    epochs, name = tab.tables[EPOCHS], sheet.title
    row = FIRST_ROW + len(tab.fields)
    letter = column_letters(tab.fields[validation.fields()[0].key][1] - 2)
    last = len(epochs.rows) - 1
    drawn: list[tuple[str, str, str, tuple[float, float] | None]] = [
        ("plot.{}_loss", "Mean loss after every epoch", "mean loss (log)", None)
    ]
    if "train_accuracy" in epochs.columns:
        drawn.append(("{}_accuracy", "Accuracy after every epoch", "share right", (0.0, 1.0)))
    for i, (quantity, title, words, limits) in enumerate(drawn):
        lines = {quantity.format(kind): said for kind, said in _LEGEND.items()}
        spec = ChartSpec(
            title,
            "epoch",
            words,
            curves_over(name, epochs, "epoch", lines),
            log=limits is None,
            x_max=last,
            y_range=limits,
            height_cm=_CHART_CM,
        )
        add_chart(sheet, f"{letter}{row + i * _CHART_ROWS}", spec)
