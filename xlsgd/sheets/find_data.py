"""Find the data of a workbook: plain numbers, or passengers whose inputs are formulas."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from xlsgd.cells import Formula, Position
from xlsgd.data import Dataset
from xlsgd.data.passengers import INPUTS, NEEDED, NUMBERS, passengers_of
from xlsgd.errors import WorkbookError
from xlsgd.features import MAX_AGE
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.sheets.own_additions import learned_columns, without_sums

__all__ = ["find_data", "find_passengers"]


def find_data(tab: FoundTab, training: Sequence[FoundTab]) -> tuple[TabMap, Dataset, Dataset]:
    table = tab.table({"y"}, lambda t: t == "y" or re.fullmatch(r"x\d*", t), "the data")
    names = learned_columns([name for name in table.columns if name != "y"], training)
    table.columns = {name: table.columns[name] for name in ("y", *names)}
    if not names:
        raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no column x")
    # Data ends at the first empty row, or where nothing but formulas follow: further down
    # there may be notes, and sums of the columns.
    rows = []
    row = table.header_row + 1
    while any((row, column) in tab.grid for column in table.columns.values()):
        rows.append(row)
        row += 1
    while rows and not any(
        (rows[-1], column) in tab.grid and not isinstance(tab.grid[rows[-1], column], Formula)
        for column in table.columns.values()
    ):
        rows.pop()
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
    return TabMap(tab.sheet, tab.fields, {"data": table}), data, data


def find_passengers(tab: FoundTab, training: Sequence[FoundTab]) -> tuple[TabMap, Dataset, Dataset]:
    """Return the map, the passengers as pandas has them, and as the cells show them."""
    import pandas as pd

    table = tab.table({*NEEDED, *INPUTS}, {*NEEDED, *INPUTS}.__contains__, "the passengers")
    table.rows = without_sums(tab, table, NEEDED)
    tab.place(MAX_AGE.key)
    if not table.rows:
        raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no passengers")
    raw = {
        name: [
            tab.as_number((row, column), tab.value((row, column)), name)
            if name in NUMBERS
            else _as_word(tab, (row, column), name)
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
    return TabMap(tab.sheet, tab.fields, {"data": table}), data, shown


def _as_word(tab: FoundTab, position: Position, what: str) -> str:
    value = tab.value(position)
    if isinstance(value, str):
        return value
    shown = "nothing" if value is None else f"{value!r}"
    raise WorkbookError(
        f"{tab.file}: {tab.sheet}!{address(position)} ({what}): got {shown:.60}, "
        "need a word; type one"
    )


def _check_labels(tab: FoundTab, table: TableMap, labels: list[Any]) -> None:
    for row, label in zip(table.rows, labels, strict=True):
        if label not in (0.0, 1.0):
            place = address((row, table.columns["Survived"]))
            raise WorkbookError(
                f"{tab.file}: {tab.sheet}!{place} (Survived): got {label:g}, need 0 or 1"
            )
