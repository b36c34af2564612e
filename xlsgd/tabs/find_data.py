"""Find the data of a workbook: plain numbers, or passengers whose inputs are formulas."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from xlsgd.base.cells import Formula, Position
from xlsgd.base.errors import WorkbookError
from xlsgd.data import Dataset
from xlsgd.data.passenger_formulas import MAX_AGE
from xlsgd.data.passengers import INPUTS, NEEDED, NUMBERS, passengers_of
from xlsgd.formula.filled import relative_form
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.sheets.own_additions import learned_columns, without_sums

__all__ = ["FoundData", "find_data", "find_passengers"]


@dataclass
class FoundData:
    """The data of a workbook.

    data: what torch trains on; shown: the same as the cells show it.
    faults: cells that no net learns from though they should, and why.
    """

    maps: TabMap
    data: Dataset
    shown: Dataset
    faults: dict[Position, str] = field(default_factory=dict)


def find_data(tab: FoundTab, last: int | None, training: Sequence[FoundTab] = ()) -> FoundData:
    """Return the data of a tab of points.

    last: the last row that the training formulas look at, None where they do not say.
    training: the tabs of the nets. Of columns headed x, x2, … those are inputs that these have
        as well; others are a reader's own.
    """
    table = tab.table({"y"}, lambda t: t == "y" or re.fullmatch(r"x\d*", t), "the data")
    names = learned_columns([name for name in table.columns if name != "y"], training)
    table.columns = {name: table.columns[name] for name in (*names, "y")}
    if not names:
        raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no column x")
    rows = _rows_above_notes(tab, table) if last is None else _rows_up_to(tab, table, last)
    if not rows:
        raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no rows of data")
    columns = {
        name: tuple(
            tab.as_number((row, column), tab.value((row, column)), f"data, {name}") for row in rows
        )
        for name, column in table.columns.items()
    }
    table.rows = rows
    y = columns.pop("y")
    data = Dataset("data", columns, y)
    faults = _empty_rows(table) | ({} if last is None else _rows_not_looked_at(tab, table, last))
    return FoundData(TabMap(tab.sheet, tab.fields, {"data": table}), data, data, faults)


def _rows_up_to(tab: FoundTab, table: TableMap, last: int) -> list[int]:
    """Return the rows of data down to the last one that training looks at.

    A learner may have emptied the rows at the end: the formulas count what is left. A note that
    stands there by now is no data.
    """
    columns = set(table.columns.values())
    filled = {row for row, column in tab.grid if column in columns}
    rows = sorted(row for row in filled if table.header_row < row <= last)
    gap = next((i for i in range(1, len(rows)) if rows[i] > rows[i - 1] + 1), len(rows))
    return rows[:gap] + [
        row
        for row in rows[gap:]
        if all(isinstance(tab.grid.get((row, column)), Formula | float) for column in columns)
    ]


def _rows_above_notes(tab: FoundTab, table: TableMap) -> list[int]:
    """Return the rows down to the first empty one, or to where nothing but formulas follow:
    further down there may be notes, and sums of the columns."""
    rows = []
    row = table.header_row + 1
    while any((row, column) in tab.grid for column in table.columns.values()):
        rows.append(row)
        row += 1
    while rows and all(
        isinstance(tab.grid.get((rows[-1], column), Formula()), Formula)
        for column in table.columns.values()
    ):
        rows.pop()
    return rows


def _empty_rows(table: TableMap) -> dict[Position, str]:
    """Return the rows among the data that are empty: the formulas read zeros there, and count
    one row less."""
    first = min(table.columns.values())
    inside = set(range(table.rows[0], table.rows[-1])) - set(table.rows)
    reason = (
        "an empty row among the data, which the formulas that train take for zeros; delete the "
        "row, or fill it"
    )
    return {(row, first): reason for row in sorted(inside)}


def _rows_not_looked_at(tab: FoundTab, table: TableMap, last: int) -> dict[Position, str]:
    """Return the rows that go on below the last one that training looks at.

    They go on where every column is filled as in a row of data: with a number, or with the formula
    of the row above. A sum or a note does not.
    """
    columns = table.columns.values()
    found: list[int] = []
    row = last + 1
    # Where rows at the end of the data have been emptied, nothing goes on below them.
    while table.rows[-1] == last and all(_goes_on(tab, (row, column)) for column in columns):
        found.append(row)
        row += 1
    if not found:
        return {}
    rows = f"row {found[0]}" if len(found) == 1 else f"rows {found[0]} to {found[-1]}"
    reason = (
        f"{rows} of data below row {last}, the last that the formulas look at: neither the sheet "
        f"nor torch trains on {'it' if len(found) == 1 else 'them'}; insert rows above row {last} "
        "and fill those, or generate the workbook again with --data"
    )
    return {(found[0], min(columns)): reason}


def _goes_on(tab: FoundTab, position: Position) -> bool:
    """Return whether a cell holds a number, or says the same as the cell above about its row."""
    row, column = position
    content, above = tab.grid.get(position), tab.grid.get((row - 1, column))
    if not isinstance(content, Formula) or not isinstance(above, Formula):
        return isinstance(content, float)
    places = {r: r for r in range(max(1, row - 50), row + 50)}
    return relative_form(content, row, places) == relative_form(above, row - 1, places)


def find_passengers(
    tab: FoundTab, last: int | None, training: Sequence[FoundTab] = ()
) -> FoundData:
    """Return the passengers, as pandas has them and as the cells show them.

    last: the last row that the training formulas look at, None where they do not say.
    """
    import pandas as pd

    table = tab.table({*NEEDED, *INPUTS}, {*NEEDED, *INPUTS}.__contains__, "the passengers")
    tab.place(MAX_AGE.key)
    typed = set(without_sums(tab, table, NEEDED))
    if last is None:
        table.rows = sorted(typed)
    else:
        # A sum below is no passenger; a whole one more is, and its formulas are missing.
        needed = [table.columns[name] for name in NEEDED]
        table.rows = [
            row
            for row in table.rows
            if row <= last or (row in typed and all((row, column) in tab.grid for column in needed))
        ]
    if not table.rows:
        raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no passengers")
    raw = {
        name: [
            tab.as_number((row, column), tab.value((row, column)), name)
            if name in NUMBERS
            else tab.as_word((row, column), name, "; type one")
            for row in table.rows
        ]
        for name, column in table.columns.items()
        if name in NEEDED
    }
    _check_labels(tab, table, raw["Survived"])
    data = passengers_of("passengers", pd.DataFrame(raw), len(table.rows), {})

    def seen(name: str) -> tuple[float, ...]:
        values = (tab.value((row, table.columns[name])) for row in table.rows)
        return tuple(v if isinstance(v, float) else math.nan for v in values)

    shown = Dataset("passengers", {name: seen(name) for name in INPUTS}, data.y)
    table.columns["y"] = table.columns["Survived"]
    return FoundData(TabMap(tab.sheet, tab.fields, {"data": table}), data, shown)


def _check_labels(tab: FoundTab, table: TableMap, labels: list[Any]) -> None:
    for row, label in zip(table.rows, labels, strict=True):
        if label not in (0.0, 1.0):
            place = address((row, table.columns["Survived"]))
            raise WorkbookError(
                f"{tab.file}: {tab.sheet}!{place} (Survived): got {label:g}, need 0 or 1"
            )
