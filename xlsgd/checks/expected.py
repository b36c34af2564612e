"""What a table is expected to hold, in the form in which cells are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlsgd.base.columns import Column
from xlsgd.checks.differences import Order
from xlsgd.report.compare import ExpectedTable
from xlsgd.sheets.maps import TableMap
from xlsgd.training.trace import Trace

__all__ = ["block_of", "places_of", "ranked"]


def places_of(table: TableMap, columns: Sequence[Column]) -> dict[str, int]:
    """Return the column numbers of quantities, in order of calculation."""
    return {column.quantity: table.columns[column.quantity] for column in columns}


def ranked(rank: int) -> Order:
    """Return the order of a table that is calculated row by row.

    rank: which of a tab's parts is calculated first.
    """
    return lambda row, column: (rank, row, column)


def block_of(table: TableMap, places: Mapping[str, int], trace: Trace, rows: int) -> ExpectedTable:
    """Return what a trace expects of the first rows of a table."""
    return ExpectedTable(
        table.rows[:rows],
        places,
        {name: trace[name][:rows] for name in places},
        {name: trace.spread(name)[:rows] for name in places},
        {f"param.{p}": f"new.{p}" for p in _weights(places) if f"new.{p}" in places},
    )


def _weights(places: Mapping[str, int]) -> list[str]:
    """Return the names of the weights that a table has before every step."""
    return [name.removeprefix("param.") for name in places if name.startswith("param.")]
