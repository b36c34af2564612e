"""Write fields and tables: keys, values and notes, headers, columns of formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy

from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, column_contents, formula_maker
from xlsgd.sheets.style import COLOURS, GROUP_COLOURS, SHARE, fill_of

__all__ = [
    "FIRST_ROW",
    "GROUP_ROW",
    "HEADER_ROW",
    "PAPER_ROW",
    "marker_field",
    "number_rows",
    "set_widths",
    "validation",
    "write_body",
    "write_fields",
    "write_headers",
    "write_heading",
    "write_title",
    "write_value",
]

GROUP_ROW, HEADER_ROW, PAPER_ROW, FIRST_ROW = 3, 4, 5, 6
"""Rows of a table that stands at the top of its tab."""

_COUNTS = frozenset(
    (
        "batch_size",
        "dead_units",
        *("step", "epoch", "row", "batch_row", "batch_end", "exploded_at", "derivative_alive"),
        *("not_finite_at", "exploded_step", "not_finite_step", "zero_gradient_since"),
        *("overshooting_rows", "growing_rows"),
        *("frozen_since", "rises", "falls", "last_step", "last_epoch", "rows"),
        *("steps_per_epoch", "batch_rows", "ends_at", "epochs_done", "point", "place", "is_right"),
    )
)
"""Fields and quantities that are whole numbers."""
_COUNTED = ("awake.", "nonzero.", "reached.", "accepted")
"""What the names of others begin with."""

_LONGEST_LIST = 255
"""Characters of choices with commas that Excel takes as a list."""


def write_title(sheet: Worksheet, title: str, note: str) -> None:
    """Write what stands at the top of a tab."""
    for place, words, style in (("A1", title, "title"), ("A2", note, "note")):
        sheet[place] = words
        sheet[place].style = style


def write_heading(sheet: Worksheet, row: int, column: int, width: int, words: str) -> None:
    """Write words above so many columns."""
    for number in range(column, column + width):
        sheet.cell(row, number).style = "heading"
    sheet.cell(row, column, words)


def marker_field(words: str) -> Input:
    """Return the field that says what a tab is."""
    return Input(MARKER, words, "what xlsgd verify looks for", fixed=True)


def number_rows(sheet: Worksheet, table: TableMap, column: int) -> None:
    """Write the numbers of a table's rows into a column beside it."""
    sheet.cell(table.header_row, column, "row").style = "quantity"
    for i, row in enumerate(table.rows, 1):
        sheet.cell(row, column, i).style = "count"


def set_widths(sheet: Worksheet, widths: Mapping[int, float]) -> None:
    """Set how wide columns are, by their numbers."""
    for number, width in widths.items():
        sheet.column_dimensions[column_letters(number)].width = width


def write_fields(
    sheet: Worksheet,
    fields: Sequence[Input],
    book: BookMap,
    tab: TabMap,
    style: str,
    words: bool = False,
) -> None:
    """Write keys, values and notes below each other, with a rule for what may be typed in.

    words: whether words for people stand left of the keys, which are out of the way.
    """
    for given in fields:
        row, column = tab.fields[given.key]
        sheet.cell(row, column - 1, given.key).style = "key"
        if words:
            # The marker's own word would be taken for the marker.
            said = given.words if given.key != MARKER else "kind of tab"
            sheet.cell(row, column - 2, said).style = "key"
        write_value(sheet, given, book, tab, style)
        if given.note:
            sheet.cell(row, column + 1, given.note).style = "note"


def write_value(sheet: Worksheet, given: Input, book: BookMap, tab: TabMap, style: str) -> None:
    """Write the value of a field, with a rule for what may be typed in."""
    row, column = tab.fields[given.key]
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
    symbols: bool = False,
) -> None:
    """Write the headers of columns, with their notes.

    heading: stands before the words above the first group.   library: whose line is in the notes.
    notes: whether there are any.   symbols: whether the row below has symbols, and the keys are
    out of the way.
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
        header.style = "key" if symbols else "quantity"
        below = column.header if symbols else column.paper or None
        paper = sheet.cell(table.header_row + 1, number, below)
        paper.style = "symbol" if symbols else "paper"
        for cell in (top, header, paper):
            cell.fill = fill_of(GROUP_COLOURS.get(column.group, COLOURS["heading"]))
        # A leading "=" would make the comment's formula line look like a formula; it has none.
        words = f"{column.note}\n\non paper: {column.paper}\n\n{library}: {column.torch}"
        if notes:
            seen = paper if symbols else header
            seen.comment = Comment(words, "xlsgd", width=330, height=150)


def write_body(
    sheet: Worksheet,
    columns: Sequence[Column],
    book: BookMap,
    tab: TabMap,
    name: str,
    formats: Callable[[Column], str | None] | None = None,
) -> None:
    """Write the cells of a table's columns.

    formats: gives the number format of a column, None where its kind decides.
    """
    for column in columns:
        number = tab.tables[name].columns[column.quantity]
        whole = column.quantity in _COUNTS or column.quantity.startswith(_COUNTED)
        share = column.quantity in ("change", "accuracy")
        style = "count" if whole else "share" if share else "step" if formats else "number"
        first = None
        for row, content in column_contents(column, book, tab, name):
            cell = sheet.cell(row, number, content)
            if first is None:
                cell.style = style
                own = formats(column) if formats and style == "step" else None
                cell.number_format = own or cell.number_format
                first = cell
            else:
                # Half the time it takes to write a workbook would go into looking the name up.
                cell._style = copy(first._style)
