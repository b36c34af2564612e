"""The compare tab: all experiments in one chart and two tables."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.styles import Alignment
from openpyxl.utils.units import pixels_to_EMU
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.sheets.charts import ChartPlace, ChartSpec, Curve, add_chart, curves_over
from xlsgd.sheets.folding import fold_columns, fold_rows
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import (
    BookMap,
    TableMap,
    TabMap,
    address,
    formula_maker,
    quoted,
    range_in,
)
from xlsgd.sheets.style import colour_rule, set_page, shorten_large
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    validation,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.compare import columns as comparison
from xlsgd.tabs.compare.plan import COMPARE, RATES, ComparedRuns
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules import RATE

__all__ = ["draw_compare_tab", "losses_chart", "map_compare_tab"]

_FIELDS = 4
"""Row of the first field."""
_KEYS, _VALUES = 2, 3
"""Columns of their keys, which are folded away, and of their values."""
_ASIDE = ("reached.", "plot.")
"""What the names of columns begin with that are folded away."""
_LONG_NOTE, _NOTE_ROW = 100, 30
"""Characters of a note from which on it takes two lines, and their height."""
_WIDTHS = {
    "experiment": 20.0,
    "verdict": 46.0,
    "optimizer": 14.0,
    "learning_rate": 13.0,
    "last_loss": 20.0,
}
_WIDTH, _READING = 11.0, 20.0
"""Characters of the other columns, and of those of a loss that is read."""
_SCREEN_ROWS, _LEAST_ROWS = 24, 8
"""Rows of a first screen, and those of the smallest chart that says something."""
_CHART_WIDTH, _PIXELS_A_ROW = 1134, 20
_SECOND = (3, 100)
"""Where a second chart begins: the column, and so many pixels inside it."""
_FIRST = ("experiment", "verdict")
_LONG_NAME, _THREE_LINES = 12, 45
"""Characters of a weight's name from which on a verdict gets three lines, and their height."""


def map_compare_tab(shown: ComparedRuns, experiments: Sequence[Experiment]) -> TabMap:
    """Return where everything of a tab with runs side by side goes."""
    keys = ["target_loss", *(given.key for given in shown.limits), MARKER]
    fields = {key: (_FIELDS + i, _VALUES) for i, key in enumerate(keys)}
    runs_header = _FIELDS + len(keys) + 2
    ids = list(shown.experiments)
    reading = comparison.common_reading(e for e in experiments if e.id in ids)
    rates = comparison.common_rates(e for e in experiments if e.id in ids)
    names = [column.quantity for column in comparison.runs_columns(ids[0], reading, None, rates)]
    # How it went stands beside the name of what it was.
    names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else 2)
    rows = list(range(runs_header + 2, runs_header + 2 + len(ids)))
    runs = TableMap(runs_header, _around_keys(names), rows)
    header = runs.rows[-1] + _chart_rows(runs) + 5
    epochs = max(e.epochs for e in experiments if e.id in ids)
    names = [column.quantity for column in comparison.losses_columns(ids)]
    seen = _around_keys([name for name in names if not name.startswith(_ASIDE)])
    left = max(*runs.columns.values(), *seen.values()) + 2
    aside = {n: left + i for i, n in enumerate(n for n in names if n.startswith(_ASIDE))}
    rows = list(range(header + 2, header + 2 + epochs))
    losses = TableMap(header, {name: (seen | aside)[name] for name in names}, rows)
    return TabMap(
        shown.sheet,
        fields,
        {"runs": runs, "losses": losses},
        runs=dict(zip(ids, runs.rows, strict=True)),
        sets_rates=shown.sets_rates,
    )


def _around_keys(names: Sequence[str]) -> dict[str, int]:
    """Return the columns of a table, which leaves out that of the keys."""
    return dict(zip(names, (1, *range(_KEYS + 1, _KEYS + len(names))), strict=False))


def _chart_rows(runs: TableMap) -> int:
    """Return how many rows the chart takes below the runs: what is left of the first screen."""
    return max(_LEAST_ROWS, _SCREEN_ROWS - runs.rows[-1] - 1)


def draw_compare_tab(
    sheet: Worksheet, shown: ComparedRuns, all_experiments: Sequence[Experiment], book: BookMap
) -> None:
    """Write a tab with runs side by side."""
    tab = book.of("compare")[shown.sheet]
    experiments = [e for e in all_experiments if e.id in shown.experiments]
    runs, losses = tab.tables["runs"], tab.tables["losses"]
    write_title(sheet, shown.title, shown.about)
    target, *others = _fields(shown)
    write_fields(sheet, [target], book, tab, "input", words=True)
    write_fields(sheet, others, book, tab, "value", words=True)
    for given in shown.limits:
        row, column = tab.fields[given.key]
        sheet.cell(row, column).number_format = "0.000000E+00"
        if len(given.note) > _LONG_NOTE:
            last = max(runs.columns.values())
            sheet.merge_cells(start_row=row, end_row=row, start_column=column + 1, end_column=last)
            note = sheet.cell(row, column + 1)
            note.alignment = Alignment("left", "center", wrap_text=True, indent=1)
            sheet.row_dimensions[row].height = _NOTE_ROW

    sheet.cell(runs.header_row - 1, 1, "all runs").style = "heading"
    reading = comparison.common_reading(experiments)
    rates = comparison.common_rates(experiments)
    for experiment in experiments:
        rate = experiment.learning_rate if shown.sets_rates else None
        columns = comparison.runs_columns(experiment.id, reading, rate, rates)
        _draw_run(sheet, experiment, columns, book, tab)
    letter = column_letters(runs.columns["verdict"])
    where = f"{letter}{runs.rows[0]}:{letter}{runs.rows[-1]}"
    for words, ink in (
        ("exploded", "exploded"),
        ("dead", "dead"),
        ("frozen", "frozen"),
        ("too slow", "doubtful"),
    ):
        formula = f'ISNUMBER(SEARCH("{words}",{letter}{runs.rows[0]}))'
        sheet.conditional_formatting.add(where, colour_rule(formula, ink, bold=True))

    shorten_large(sheet, runs.span, losses.span)
    columns = comparison.losses_columns([e.id for e in experiments])
    _draw_losses(sheet, columns, book, tab, losses)
    charts = [losses_chart(shown, book), *_rates_chart(experiments, book)]
    height, width = _chart_rows(runs) * _PIXELS_A_ROW, _CHART_WIDTH // len(charts)
    for chart, (column, beyond) in zip(charts, ((0, 0), _SECOND), strict=False):
        offset = pixels_to_EMU(beyond)
        begin = AnchorMarker(col=column, colOff=offset, row=runs.rows[-1] + 1, rowOff=0)
        add_chart(sheet, ChartPlace(begin, width, height), chart)
    widths = dict.fromkeys(losses.columns.values(), _WIDTH)
    for e in experiments:
        widths[losses.columns[f"mean_loss.{e.id}"]] = max(_WIDTH, len(e.id) * 1.2 + 1)
    for name, i in runs.columns.items():
        wide = _WIDTHS.get(name.partition(".")[0], _READING if name.startswith("last_") else _WIDTH)
        widths[i] = max(widths.get(i, 0), wide)
    set_widths(sheet, widths)
    fold_columns(sheet, [_KEYS])
    fold_columns(sheet, [i for name, i in losses.columns.items() if name.startswith(_ASIDE)])
    fold_rows(sheet, tab.fields[MARKER][0], runs.header_row, losses.header_row)
    sheet.row_dimensions[runs.header_row + 1].height = 30
    set_page(sheet)


def _fields(shown: ComparedRuns) -> list[Input]:
    kind = RATES if shown.sets_rates else COMPARE
    return [comparison.target_input(shown.target_loss), *shown.limits, marker_field(kind)]


def losses_chart(shown: ComparedRuns, book: BookMap) -> ChartSpec:
    """Return the chart of the mean losses of all runs of a tab."""
    tab = book.of("compare")[shown.sheet]
    runs, losses = tab.tables["runs"], tab.tables["losses"]
    legend = {
        f"plot.{e}": f"={quoted(shown.sheet)}!"
        + address((runs.rows[i], runs.columns["learning_rate"]), absolute=True)
        if shown.sets_rates
        else e
        for i, e in enumerate(shown.experiments)
    }
    return ChartSpec(
        "Mean loss per epoch" + (", by learning rate" if shown.sets_rates else ""),
        "epoch",
        "mean loss (log)",
        curves_over(shown.sheet, losses, "epoch", legend),
        x_max=len(losses.rows),
        log=True,
    )


def _rates_chart(experiments: Sequence[Experiment], book: BookMap) -> list[ChartSpec]:
    """Return the chart of the rates of all steps, as the tabs of the runs have them; none where no
    rate moves."""
    curves, last = [], 1
    for e in experiments:
        steps = book.training[e.id].tables["steps"]
        if RATE not in steps.columns:
            continue
        name = quoted(book.training[e.id].sheet)
        x, y = (f"{name}!{range_in(steps, quantity)}" for quantity in ("step", RATE))
        curves.append(Curve(x, y, e.id))
        last = max(last, len(steps.rows))
    if not curves:
        return []
    return [ChartSpec("Rate of every step", "step", "rate", curves, x_max=last)]


def _draw_run(
    sheet: Worksheet,
    experiment: Experiment,
    columns: Sequence[Column],
    book: BookMap,
    tab: TabMap,
) -> None:
    """Write the row of one experiment into the table of runs."""
    runs, row = tab.tables["runs"], tab.runs[experiment.id]
    for column in columns:
        number = runs.columns[column.quantity]
        if row == runs.rows[0]:
            sheet.cell(runs.header_row, number, column.quantity).style = "key"
            words = sheet.cell(runs.header_row + 1, number, column.header)
            words.style = "symbol"
            words.alignment = Alignment("center", "center", wrap_text=True)
            words.comment = Comment(column.note, "xlsgd", width=250, height=60)
        cell = sheet.cell(row, number)
        cell.style = "value"
        if column.formula.startswith("="):
            cell.value = formula_maker(column.formula, book, tab, "runs")(row)
        elif column.quantity == "learning_rate":
            cell.value = float(column.formula)
            cell.style = "input"
        else:
            cell.value = column.formula
            there = quoted(book.training[experiment.id].sheet)
            cell.hyperlink = Hyperlink(cell.coordinate, location=f"{there}!A1")
            cell.style = "link"
        if column.quantity in ("optimizer", "verdict"):
            cell.style = "fact"
            cell.alignment = Alignment("left", "center", indent=1, shrink_to_fit=True)
        if column.quantity == "verdict":
            _make_fit(cell, experiment)
        if column.quantity.startswith("learning_rate"):
            cell.number_format = "General"
        if column.quantity.endswith(("_to_target", "_step")):
            cell.number_format = "0"
    if tab.sets_rates:
        rule = validation(Input("learning_rate", 0.0, "its tab follows", minimum=0))
        assert rule is not None
        rule.add(sheet.cell(row, runs.columns["learning_rate"]))
        sheet.add_data_validation(rule)


def _make_fit(cell: Cell, experiment: Experiment) -> None:
    """Let a verdict be seen whole: in smaller letters, or in several lines where it may name
    weights with long names."""
    if max(map(len, experiment.network.groups)) <= _LONG_NAME:
        cell.alignment = Alignment("left", "center", indent=1, shrink_to_fit=True)
        return
    cell.alignment = Alignment("left", "center", indent=1, wrap_text=True)
    cell.parent.row_dimensions[cell.row].height = _THREE_LINES


def _draw_losses(
    sheet: Worksheet, columns: Sequence[Column], book: BookMap, tab: TabMap, table: TableMap
) -> None:
    write_headers(sheet, columns, table, notes=False, symbols=True)
    write_body(sheet, columns, book, tab, "losses")
