"""A sweep as a workbook: what it is, the map in colours, curves with a chart, and the runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.charts import ChartSpec, add_chart, curves_over
from xlsgd.sheets.maps import TableMap
from xlsgd.sheets.style import add_styles, set_page
from xlsgd.sweeping.axes import Axis
from xlsgd.sweeping.check import CheckedRun
from xlsgd.sweeping.grid import Sweep, evenly
from xlsgd.sweeping.map_tab import draw_map
from xlsgd.sweeping.words import (
    axis_label,
    border_words,
    kind_counts,
    place_words,
    sweep_title,
)
from xlsgd.xlsx.package import package

__all__ = ["MOST_ROWS", "workbook_of"]

MOST_ROWS = 50_000
"""Rows of the tab ``runs``; the table in a file of its own has them all."""
_CURVES = 7
_POINTS = 400
_TOP = 4
"""The row of the curves' headings."""


def workbook_of(sweep: Sweep, checked: list[CheckedRun] | None = None) -> bytes:
    """Return the workbook of a sweep, the same bytes every time.

    checked: runs that were recalculated as workbooks; None where that was not asked for.
    """
    workbook = Workbook()
    workbook.remove(workbook.active)
    add_styles(workbook)
    first = workbook.create_sheet("sweep")
    shown = draw_map(workbook.create_sheet("map"), sweep)
    _draw_curves(workbook.create_sheet("curves"), sweep)
    rows = _draw_runs(workbook.create_sheet("runs"), sweep)
    _draw_words(first, sweep, checked, shown, rows)
    workbook.active = 0
    workbook.security = None  # an empty protection element makes Gnumeric complain
    workbook.properties.title = sweep_title(sweep)
    workbook.properties.creator = "xlsgd"
    return package(workbook, {sheet.title: {} for sheet in workbook.worksheets})


def _draw_words(
    sheet: Worksheet, sweep: Sweep, checked: list[CheckedRun] | None, shown: str, rows: int
) -> None:
    """Write what was swept, how it went, and how to read the tabs."""
    e = sweep.experiment
    sheet["A1"], sheet["A1"].style = sweep_title(sweep), "title"
    parts: list[tuple[str, list[tuple[str, Any]]]] = [
        (
            "What was done",
            [
                ("network", str(e.network)),
                ("optimizer", e.optimizer.name),
                *(_axis_line(axis) for axis in sweep.axes),
                *_fixed(sweep),
                ("data", sweep.data.title),
            ],
        ),
        ("How the runs went", list(kind_counts(sweep))),
        ("", [("the border", border_words(sweep))]),
        ("Checked", _check_lines(checked)),
        (
            "How to read it",
            [
                ("map", shown),
                ("blue to pale", "the mean loss of the last epoch: dark is low. The number is it."),
                ("red", "the run exploded: ✗ and the step in which it did; the darker the sooner."),
                (
                    "grey, blue, violet",
                    "a unit is dead; the numerical derivative is frozen; nothing moves any more",
                ),
                ("curves", "the loss at the end along the first axis, and a chart of it"),
                (
                    "runs",
                    f"every run with its verdict; words as on a training tab ({rows:,} of "
                    f"{sweep.runs:,} runs)",
                ),
            ],
        ),
        (
            "",
            [
                (
                    "",
                    "The numbers here are results, not formulas: PyTorch trained all runs at once. "
                    "xlsgd generate writes any one of them as live formulas.",
                )
            ],
        ),
    ]
    row = 3
    for heading, lines in parts:
        if heading:
            for column in (1, 2):
                sheet.cell(row, column).style = "heading"
            sheet.cell(row, 1, heading)
            row += 1
        for key, value in lines:
            sheet.cell(row, 1, key).style = "text"
            cell = sheet.cell(row, 2, value)
            cell.style = "text"
            cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
            sheet.row_dimensions[row].height = 15.5 * (1 + len(str(value)) // 100)
            row += 1
        row += 1
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 100
    set_page(sheet)


def _axis_line(axis: Axis) -> tuple[str, str]:
    scale = "evenly on a log scale" if axis.log else "evenly"
    return axis_label(axis), f"{axis.low:.15g} to {axis.high:.15g}, {axis.steps:,} values {scale}"


def _fixed(sweep: Sweep) -> list[tuple[str, Any]]:
    """Return what was the same for all runs."""
    e, varied = sweep.experiment, {axis.name for axis in sweep.axes}
    found: list[tuple[str, Any]] = [("loss", e.loss.name)]
    if not any(name.startswith("learning_rate") for name in varied):
        found.append(("learning_rate", e.learning_rate))
    found += [
        (given.key, e.hyperparameter(given.key))
        for given in e.hyperparameters
        if given.key not in varied
    ]
    if e.transforms:
        found.append(("slopes go through", ", ".join(each.name for each in e.transforms)))
    if not e.schedule.steady:
        found.append(("schedule", e.schedule.name))
    starts = {p: e.start.get(p, 0.0) for p in e.network.parameters if f"init.{p}" not in varied}
    found.append(("start", ", ".join(f"{p} = {v:g}" for p, v in starts.items())))
    found += [("gradient", e.gradient), ("rows per update", e.batch_size), ("epochs", e.epochs)]
    return found


def _check_lines(checked: list[CheckedRun] | None) -> list[tuple[str, str]]:
    if not checked:
        return [("", "No run was written as a workbook and recalculated.")]
    lines = []
    for one in checked:
        words = f"{place_words(one.point)}: {one.sheet}"
        if not one.agree:
            words += f"; the sweep says {one.sweep}, torch {one.torch[0]}"
        lines.append(("agrees" if one.agree else "DIFFERS", words))
    return lines


def _draw_curves(sheet: Worksheet, sweep: Sweep) -> None:
    """Draw the loss at the end along the first axis, for a few values of the second."""
    x = sweep.axes[0]
    columns = evenly(x.steps, _POINTS)
    loss = sweep.grid(sweep.numbers["last_loss"])
    loss = np.where(sweep.grid(sweep.numbers["exploded_step"]) > 0, np.nan, loss)
    lines = evenly(sweep.shape[0], _CURVES)
    names = ["mean loss of the last epoch"]
    if len(sweep.axes) == 2:
        y = sweep.axes[1]
        names = [f"{y.name} {y.values[line]:.4g}" for line in lines]
    title = f"mean loss of the last epoch over {axis_label(x)}; nothing where it exploded"
    sheet["A1"], sheet["A1"].style = title, "title"
    for i, words in enumerate([x.name, *names], 1):
        sheet.cell(_TOP, i, words).style = "quantity"
        sheet.column_dimensions[get_column_letter(i)].width = max(14, len(words) + 2)
    for j, place in enumerate(columns):
        sheet.cell(_TOP + 1 + j, 1, float(x.values[place])).style = "data"
        for i, line in enumerate(lines):
            value = float(loss[line, place])
            if np.isfinite(value):
                sheet.cell(_TOP + 1 + j, 2 + i, value).style = "number"
    rows = list(range(_TOP + 1, _TOP + 1 + len(columns)))
    table = TableMap(_TOP, {"x": 1} | {name: 2 + i for i, name in enumerate(names)}, rows)
    shown = loss[np.ix_(lines, columns)]
    positive = shown[np.isfinite(shown) & (shown > 0)]
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 10.0)
    spec = ChartSpec(
        "loss at the end",
        axis_label(x),
        "mean loss of the last epoch",
        curves_over(sheet.title, table, "x", {name: name for name in names}),
        log=True,
        x_min=float(10 ** np.floor(np.log10(x.low))) if x.log else x.low,
        x_max=float(10 ** np.ceil(np.log10(x.high))) if x.log else x.high,
        y_range=(float(10 ** np.floor(np.log10(low))), float(10 ** np.ceil(np.log10(high * 1.01)))),
        width_cm=22.0,
        height_cm=12.0,
    )
    add_chart(sheet, f"{get_column_letter(len(names) + 3)}3", spec)
    chart = sheet._charts[-1]
    chart.x_axis.number_format = "General"
    if x.log:
        chart.x_axis.scaling.logBase = 10
        chart.x_axis.number_format = "0E+0"
    sheet.freeze_panes = sheet.cell(_TOP + 1, 1)
    set_page(sheet)


def _draw_runs(sheet: Worksheet, sweep: Sweep) -> int:
    """Write the table of the runs, evenly thinned where there are too many; return its rows."""
    places = evenly(sweep.runs, MOST_ROWS)
    frame = sweep.frame().iloc[places]
    wide = {"verdict": 48, "kind": 18, "trend": 22}
    for i, name in enumerate(frame.columns, 1):
        sheet.cell(1, i, name).style = "quantity"
        sheet.column_dimensions[get_column_letter(i)].width = wide.get(name, max(13, len(name) + 3))
    # One list a column: a row of a table of pandas turns whole numbers into others.
    columns = [frame[name].tolist() for name in frame.columns]
    for row in zip(*columns, strict=True):
        sheet.append([None if isinstance(v, float) and not np.isfinite(v) else v for v in row])
    sheet.auto_filter.ref = sheet.dimensions
    sheet.freeze_panes = "A2"
    set_page(sheet)
    return len(places)
