"""The units tab: what is typed in, the weights of the units, a chart, and the curves' numbers."""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Input
from xlsgd.sheets.charts import ChartSpec, Curve, add_chart, curves_over
from xlsgd.sheets.folding import FOLDED, fold_columns, fold_top, header_below
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, data_range, formula_maker
from xlsgd.sheets.style import set_page, shorten_large, shortened
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
    write_value,
)
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.units import columns as units
from xlsgd.tabs.units.columns import Hidden
from xlsgd.tabs.units.plan import Units

__all__ = ["chart_of", "draw_units_tab", "map_units_tab"]

_WORDS, _KEY, _VALUE, _UNIT, _CHART = 1, 2, 3, 5, 11
_CHART_COLUMNS = 9
_WEIGHT = shortened("0.000")


def _hidden(plan: Units, lesson: Lesson) -> Hidden:
    if not plan.experiment:
        return units.read_hidden(plan.network, ("x",))
    network = lesson.experiment(plan.experiment).network
    return units.read_hidden(str(network), network.input_names)


def _fields(plan: Units, hidden: Hidden) -> list[Input]:
    count = hidden.units if plan.count is None else plan.count
    typed = units.inputs(hidden, float(count), plan.begin, plan.apart)
    return [*([units.WEIGHTS_OF] if plan.experiment else []), *typed]


def _facts(plan: Units, hidden: Hidden) -> list[Input]:
    said = [Input("experiment", plan.experiment, "", fixed=True)] if plan.experiment else []
    return [
        *said,
        Input("network", str(hidden.network), "", fixed=True),
        Input("over", hidden.network.input_names[0], "", fixed=True),
        marker_field(units.MARKED),
    ]


def map_units_tab(plan: Units, lesson: Lesson) -> TabMap:
    """Return where everything goes."""
    hidden = _hidden(plan, lesson)
    tab = TabMap(plan.sheet, can_shrink=False)
    keys = [given.key for given in _fields(plan, hidden)]
    base = [f"weight.{hidden.base}"] if hidden.base else []
    facts = [given.key for given in _facts(plan, hidden)]
    top = header_below(len(facts))
    for i, key in enumerate(facts):
        tab.fields[key] = (FOLDED + i, _VALUE)
    for i, key in enumerate((*keys, *base)):
        tab.fields[key] = (top + 2 + i, _VALUE)
    heads = ["unit", "into", "bias", "out", *(["bends_at"] if hidden.bends else [])]
    for i, names in enumerate(zip(hidden.into, hidden.bias, hidden.out, strict=True)):
        row = top + 2 + i
        for j, name in enumerate(names):
            tab.fields[f"weight.{name}"] = (row, _UNIT + 1 + j)
        if hidden.bends:
            tab.fields[f"bends_at.{i + 1}"] = (row, _UNIT + 4)
    rows = range(top + 2, top + 2 + hidden.units)
    tab.tables["hidden"] = TableMap.laid_out(top, heads, _UNIT, rows)
    quantities = [column.quantity for column in units.curve_columns(hidden)]
    rows = range(top + 2, top + 2 + plan.rows)
    left = _CHART + _CHART_COLUMNS
    tab.tables["curves"] = TableMap.laid_out(top, quantities, left, rows)
    return tab


def draw_units_tab(sheet: Worksheet, plan: Units, lesson: Lesson, book: BookMap) -> None:
    """Write the tab."""
    hidden, tab = _hidden(plan, lesson), book.of("units")[plan.sheet]
    write_title(sheet, plan.title, plan.about)
    fields = [Input(**{**vars(g), "note": ""}) for g in _fields(plan, hidden)]
    write_fields(sheet, fields, book, tab, "input", words=True)
    write_fields(sheet, _facts(plan, hidden), book, tab, "value", words=True)
    for key in (units.BEGIN, units.APART):
        sheet.cell(*tab.fields[key]).number_format = "General"
    sheet.cell(*tab.fields[units.COUNT]).number_format = "0"
    _draw_units(sheet, plan, hidden, lesson, book)
    table = tab.tables["curves"]
    columns = units.curve_columns(hidden)
    write_headers(sheet, columns, table, symbols=True)
    write_body(sheet, columns, book, tab, "curves")
    (x,) = hidden.network.input_names
    for row in table.rows:
        sheet.cell(row, table.columns["place"]).style = "count"
        sheet.cell(row, table.columns[x]).number_format = "General"
    shorten_large(sheet, table.span)
    add_chart(
        sheet, f"{column_letters(_CHART)}{table.header_row + 1}", chart_of(plan, lesson, book)
    )
    widths: dict[int, float] = {_WORDS: 13, _KEY: 12, _VALUE: 10, _VALUE + 1: 2, _UNIT: 6}
    widths |= dict.fromkeys(range(_UNIT + 1, _UNIT + 5), 9.5) | {_CHART - 1: 2}
    widths |= dict.fromkeys(table.columns.values(), 13.0)
    set_widths(sheet, widths)
    fold_columns(sheet, [_KEY])
    fold_top(sheet, table.header_row)
    set_page(sheet)


def _draw_units(
    sheet: Worksheet, plan: Units, hidden: Hidden, lesson: Lesson, book: BookMap
) -> None:
    """Write the weights of every unit, in yellow."""
    tab = book.of("units")[plan.sheet]
    table = tab.tables["hidden"]
    bend = hidden.network.places[1].layer.name
    (x,) = hidden.network.input_names
    said = {"unit": "unit", "into": f"times {x}", "bias": "plus", "out": f"times {bend}"}
    for head, column in table.columns.items():
        sheet.cell(table.header_row, column, head).style = "key"
        sheet.cell(table.header_row + 1, column, said.get(head, "bends at")).style = "symbol"
    formulas: dict[str, str] = {}
    if plan.experiment:
        formulas = units.trained_weights(hidden, lesson.experiment(plan.experiment))
    for name in hidden.network.parameters:
        value = formulas.get(name, plan.weights.get(name, 0.0))
        given = Input(f"weight.{name}", value, "")
        write_value(sheet, given, book, tab, "input")
        row, column = tab.fields[given.key]
        sheet.cell(row, column).number_format = _WEIGHT if plan.experiment else "General"
        if name == hidden.base:
            sheet.cell(row, _KEY, given.key).style = "key"
            sheet.cell(row, _WORDS, "plus").style = "key"
    for i, row in enumerate(table.rows):
        sheet.cell(row, table.columns["unit"], i + 1).style = "count"
        if hidden.bends:
            cell = sheet.cell(*tab.fields[f"bends_at.{i + 1}"])
            cell.value = formula_maker(units.bend_formula(hidden, i), book, tab)(row)
            cell.style = "value"
            cell.number_format = shortened("0.0")


def chart_of(plan: Units, lesson: Lesson, book: BookMap) -> ChartSpec:
    """Return a chart of every unit, their sum, and the points where there are any."""
    hidden, tab = _hidden(plan, lesson), book.of("units")[plan.sheet]
    table = tab.tables["curves"]
    (x,) = hidden.network.input_names
    lines = {f"unit.{i}": f"unit {i}" for i in range(1, hidden.units + 1)}
    curves = [
        Curve(c.x, c.y, c.words, "dashed" if hidden.units == 1 else "faint")
        for c in curves_over(plan.sheet, table, x, lines)
    ]
    if plan.experiment:
        curves.append(Curve(data_range(book, x), data_range(book, "y"), "points", "points"))
    curves += curves_over(plan.sheet, table, x, {"sum": "sum"})
    return ChartSpec(
        f"What the units add, and their sum, over {x}",
        x,
        "y",
        curves,
        x_min=None,
        width_cm=15.5,
        height_cm=11.0,
    )
