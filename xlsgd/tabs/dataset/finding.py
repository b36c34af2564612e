"""Find the data of a workbook: raw columns, and the features that formulas make of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xlsgd.base.cells import Formula, Position
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.data import Dataset
from xlsgd.data.dataset import columns_of
from xlsgd.data.schema import Raw, Schema, is_plain, plain_schema
from xlsgd.data.schemas import known_schemas, read_schema
from xlsgd.formula.filled import relative_form
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.sheets.own_additions import learned_columns, without_sums
from xlsgd.sheets.reach import reach
from xlsgd.tabs.found import FoundWorkbook

__all__ = [
    "cells_below_headers",
    "check_labels",
    "find_data",
    "raw_cells",
    "seen_in",
    "shared_cells",
]


def find_data(found: FoundWorkbook, tab: FoundTab, training: Sequence[FoundTab]) -> None:
    """Add the data of a tab to what was found, as pandas has it and as the cells show it.

    training: the tabs of the nets. Of plain columns headed x, x2, … those are inputs that these
        have as well; others are a reader's own.
    """
    last = reach(tab.sheet, [each.grid for each in training])
    schema, table = _described(tab) or _plain(tab, training)
    if schema.features:
        table.rows = _rows_with_features(tab, table, schema, last)
    elif last is None:
        table.rows = _rows_above_notes(tab, table)
    else:
        table.rows = _rows_up_to(tab, table, last)
    if not table.rows:
        raise tab.fault(f" has no {schema.words.many}")
    raw = {column.name: raw_cells(tab, table, column, schema) for column in schema.needed}
    for column in schema.needed:
        if column.name in schema.targets:
            check_labels(tab, table, column, raw[column.name])
    # Not the raw cells as well: what torch trains on is the same, whatever else stands there.
    columns = columns_of(schema, raw)
    title = schema.words.many if schema.features else "data"
    found.data = found.shown = Dataset(title, **columns)
    if schema.features:
        seen = {name: seen_in(tab, table, name) for name in found.data.inputs}
        found.shown = Dataset(title, **{**columns, "inputs": seen})
    table.columns |= {name: table.columns[of] for name, of in schema.answers.items()}
    found.faults = _empty_rows(table, schema)
    found.gaps = list(found.faults)
    if last is not None and not schema.features:
        found.faults |= _rows_not_looked_at(tab, table, last)
    found.maps.data = TabMap(tab.sheet, tab.fields, {"data": table})


def _described(tab: FoundTab) -> tuple[Schema, TableMap] | None:
    """Return the schema of a tab that says what it has, and its table; None for plain numbers."""
    schema = _schema(tab)
    if schema is None:
        return None
    shared = {raw.name for raw in schema.shared}
    names = {*(column.name for column in schema.needed), *schema.feature_names} - shared
    table = tab.table(names, f"the {schema.words.many}")
    for key in (*shared, *(given.key for given in schema.facts())):
        tab.place(key)
    return schema, table


def _schema(tab: FoundTab) -> Schema | None:
    known = known_schemas().get(tab.marker)
    if known is not None:
        return known
    if "inputs" not in tab.fields:
        return None
    keys = [k for k in tab.fields if k.startswith(("raw.", "feature.")) or k in ("above", "below")]
    try:
        return read_schema({k: tab.text(k) for k in (*keys, "inputs", "targets")})
    except SpecError as error:
        raise tab.fault(f": {error}") from error


def _plain(tab: FoundTab, training: Sequence[FoundTab]) -> tuple[Schema, TableMap]:
    table = tab.table({"y"}, "the data", lambda t: t == "y" or is_plain([t]))
    names = learned_columns([name for name in table.columns if name != "y"], training)
    table.columns = {name: table.columns[name] for name in (*names, "y")}
    if not names:
        raise tab.fault(" has no column x")
    return plain_schema(names), table


def cells_below_headers(tab: FoundTab) -> set[Position]:
    """Return the cells of a tab that lie below the header of a column of data."""
    headers = _data_headers(tab)
    begins: dict[int, int] = {}
    for (row, column), text in sorted(texts_of(tab.grid).items()):
        if text in headers or is_plain([text]):
            begins.setdefault(column, row)
    return {(row, column) for row, column in tab.grid if row > begins.get(column, row)}


def shared_cells(tab: FoundTab) -> set[Position]:
    """Return the cells of numbers that all rows share."""
    try:
        schema = _schema(tab)
        return set() if schema is None else {tab.place(raw.name) for raw in schema.shared}
    except WorkbookError:  # said when the data is read
        return set()


def _data_headers(tab: FoundTab) -> frozenset[str]:
    """Return the headers of the columns of data that a tab may have, but for x, x1, x2 …"""
    try:
        schema = _schema(tab)
    except WorkbookError:  # said when the data is read
        schema = None
    if schema is None:
        return frozenset(("y",))
    return frozenset((*(column.name for column in schema.needed), *schema.feature_names))


def _rows_with_features(
    tab: FoundTab, table: TableMap, schema: Schema, last: int | None
) -> list[int]:
    needed = [column.name for column in schema.needed if not column.shared]
    typed = set(without_sums(tab, table, needed))
    if last is None:
        return sorted(typed)
    # A sum below is no row of data; a whole one more is, and its formulas are missing.
    columns = [table.columns[name] for name in needed]
    return [
        row
        for row in table.rows
        if row <= last or (row in typed and all((row, column) in tab.grid for column in columns))
    ]


def raw_cells(tab: FoundTab, table: TableMap, column: Raw, schema: Schema) -> list[Any]:
    """Return a raw column as it stands in the sheet."""
    name = column.name
    if column.shared:
        return [tab.number(name)] * len(table.rows)
    what = name if schema.features else f"data, {name}"
    places = [(row, table.columns[name]) for row in table.rows]
    if column.holds == "number":
        return [tab.as_number(place, tab.value(place), what) for place in places]
    return [tab.as_word(place, what, "; type one") for place in places]


def seen_in(tab: FoundTab, table: TableMap, name: str) -> tuple[float, ...]:
    """Return a column as the cells show it, nan where there is no number."""
    values = (tab.value((row, table.columns[name])) for row in table.rows)
    return tuple(v if isinstance(v, float) else math.nan for v in values)


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


def _empty_rows(table: TableMap, schema: Schema) -> dict[Position, str]:
    """Return the rows among the data that are empty: the formulas find no number there, and count
    one row less."""
    first = min(table.columns.values())
    inside = sorted(set(range(table.rows[0], table.rows[-1])) - set(table.rows))
    among = schema.words.many if schema.features else "data"
    return {
        (row, first): f"row {row} is an empty row among the {among}, where the formulas that train "
        "find no number: nothing after it is one either; delete the row, or fill it"
        for row in inside
    }


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


def check_labels(tab: FoundTab, table: TableMap, column: Raw, labels: Sequence[Any]) -> None:
    """Raise WorkbookError for a target that is none of those that make sense."""
    for row, label in zip(table.rows, labels, strict=True):
        if column.among and label not in column.among:
            place = address((row, table.columns[column.name]))
            raise WorkbookError(
                f"{tab.file}: {tab.sheet}!{place} ({column.name}): got {label:g}, need "
                f"{' or '.join(column.choices)}"
            )
