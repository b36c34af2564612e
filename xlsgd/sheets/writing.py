"""Write fields and tables: keys, values and notes, headers, columns of formulas."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Column, Input
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, column_contents, formula_maker
from xlsgd.sheets.style import COLOURS, GROUP_COLOURS, SHARE, fill_of

__all__ = [
    "FIRST_ROW",
    "GROUP_ROW",
    "HEADER_ROW",
    "PAPER_ROW",
    "validation",
    "write_body",
    "write_fields",
    "write_headers",
]

GROUP_ROW, HEADER_ROW, PAPER_ROW, FIRST_ROW = 3, 4, 5, 6
"""Rows of a table that stands at the top of its tab."""

_COUNTS = frozenset(
    (
        "batch_size",
        *("step", "epoch", "row", "batch_row", "batch_end", "exploded_at", "derivative_alive"),
        *("not_finite_at", "exploded_step", "not_finite_step", "zero_gradient_since"),
        *("overshooting_rows", "growing_rows"),
        *("frozen_since", "rises", "falls", "last_step", "last_epoch", "rows"),
        *("steps_per_epoch", "batch_rows"),
    )
)
"""Fields and quantities that are whole numbers."""

_LONGEST_LIST = 250
"""Characters that fit into a drop-down's list in Excel."""


def write_fields(
    sheet: Worksheet, fields: Sequence[Input], book: BookMap, tab: TabMap, style: str
) -> None:
    """Write keys, values and notes, with a rule for what may be typed in."""
    for given in fields:
        row, column = tab.fields[given.key]
        sheet.cell(row, column - 1, given.key).style = "key"
        cell = sheet.cell(row, column)
        value = given.value
        is_formula = isinstance(value, str) and value.startswith("=")
        if is_formula:
            value = formula_maker(str(value), book, tab)(row)
        elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            value = int(value)
        cell.value = value
        cell.style = style
        if given.fixed:
            cell.style = "fact" if isinstance(value, str) and not is_formula else "value"
        if given.key == "learning_rate":
            cell.number_format = "General"
        if given.key in _COUNTS or given.key.startswith("dead_since."):
            cell.number_format = "0"
        elif given.key in ("last_change", "last_accuracy", "loss_left", "pace"):
            cell.number_format = SHARE
        if given.note:
            sheet.cell(row, column + 1, given.note).style = "note"
        rule = validation(given)
        if rule is not None and style == "input":
            rule.add(cell)
            sheet.add_data_validation(rule)


def validation(given: Input) -> DataValidation | None:
    """Return the rule for what may be typed into an input, None where anything may."""
    if given.fixed:
        return None
    if given.choices:
        words = ",".join(given.choices)
        if len(words) > _LONGEST_LIST:
            return None
        rule = DataValidation(type="list", formula1=f'"{words}"')
        rule.error = f"{given.key} is one of: {', '.join(given.choices)}."[:255]
    else:
        low = given.minimum if given.minimum is not None else 0 if given.positive else None
        kind = "whole" if given.key == "batch_size" else "decimal"
        if low is None:
            rule = DataValidation(type=kind, operator="between", formula1="-1E+300")
            rule.formula2 = "1E+300"
            rule.error = f"{given.key} must be a number."
        elif given.below is not None:
            rule = DataValidation(type=kind, operator="between", formula1=f"{low:g}")
            rule.formula2 = "0.999999999"
            rule.error = f"{given.key} must be a number from {low:g}, below {given.below:g}."
        else:
            operator = "greaterThan" if given.positive else "greaterThanOrEqual"
            words = "greater than" if given.positive else "at least"
            rule = DataValidation(type=kind, operator=operator, formula1=f"{low:g}")
            rule.error = f"{given.key} must be a number {words} {low:g}."
    rule.errorTitle, rule.promptTitle = given.key, given.key
    rule.prompt = given.note[:255]
    rule.showErrorMessage = rule.showInputMessage = True
    rule.allow_blank = False
    return rule


def write_headers(
    sheet: Worksheet,
    columns: Sequence[Column],
    table: TableMap,
    heading: str = "",
    library: str = "PyTorch",
    notes: bool = True,
) -> None:
    """Write the headers of columns, with their notes.

    heading: stands before the words above the first group.   library: whose line is in the notes.
    notes: whether there are any.
    """
    group = None
    for column in columns:
        number = table.columns[column.quantity]
        top = sheet.cell(table.header_row - 1, number)
        top.style = "group"
        if column.group != group:
            top.value = (heading if group is None else "") + column.group
            group = column.group
        header = sheet.cell(table.header_row, number, column.quantity)
        header.style = "quantity"
        paper = sheet.cell(table.header_row + 1, number, column.paper or None)
        paper.style = "paper"
        for cell in (top, header, paper):
            cell.fill = fill_of(GROUP_COLOURS.get(column.group, COLOURS["heading"]))
        # A leading "=" would make the comment's formula line look like a formula; it has none.
        words = f"{column.note}\n\non paper: {column.paper}\n\n{library}: {column.torch}"
        if notes:
            header.comment = Comment(words, "xlsgd", width=330, height=150)


def write_body(
    sheet: Worksheet, columns: Sequence[Column], book: BookMap, tab: TabMap, name: str
) -> None:
    """Write the cells of a table's columns."""
    for column in columns:
        number = tab.tables[name].columns[column.quantity]
        whole = column.quantity in _COUNTS or column.quantity.startswith(("awake.", "nonzero."))
        share = column.quantity in ("change", "accuracy")
        style = "count" if whole else "share" if share else "number"
        first = None
        for row, content in column_contents(column, book, tab, name):
            cell = sheet.cell(row, number, content)
            if first is None:
                cell.style = style
                first = cell
            else:
                # Half the time it takes to write a workbook would go into looking the name up.
                cell._style = copy(first._style)
