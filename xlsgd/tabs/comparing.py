"""What the checks of tabs share that show inputs or a forward pass.

As on training tabs there are two questions: ``step``, what follows from the cells that a cell looks
at, and ``run``, what follows from the data and the start weights alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column, Input
from xlsgd.checks.examined import ExaminedTab, Wanted
from xlsgd.checks.expected import block_of, places_of, ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.training.trace import Trace

__all__ = ["FIELDS", "ROWS", "WEIGHTS", "check_fields", "compare_rows", "number_in"]

Floats = NDArray[np.float64]

WEIGHTS, ROWS, FIELDS = 1, 2, 3
"""Parts of such a tab in order of calculation."""


def number_in(value: object) -> float:
    """Return a cell's number, nan for none."""
    return value if isinstance(value, float) else float("nan")


def check_fields(
    tab: ExaminedTab, wanted: Wanted, maps: TabMap, fields: Sequence[Input], rank: int
) -> None:
    """Look at the formulas of fields."""
    for i, given in enumerate(fields):
        position = maps.fields[given.key]
        formula = wanted(str(given.value))(position[0])
        tab.check_formula(position, (rank, i, position[1]), given.key, formula)


def compare_rows(
    tab: ExaminedTab,
    check: str,
    maps: TabMap,
    name: str,
    columns: Sequence[Column],
    rows: Mapping[str, Floats],
    rank: int = ROWS,
) -> None:
    """Compare a table with numbers of shape (members, rows)."""
    table = maps.tables[name]
    trace = Trace({quantity: np.asarray(values) for quantity, values in rows.items()})
    places = places_of(table, columns)
    tab.compare_table(check, name, block_of(table, places, trace, len(table.rows)), ranked(rank))
