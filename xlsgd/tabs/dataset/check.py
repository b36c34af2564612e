"""Compare the features of every row of data with what pandas makes of the raw columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xlsgd.checks.expected import places_of, ranked
from xlsgd.data.features import feature_frame
from xlsgd.report.compare import Block
from xlsgd.tabs.comparing import (
    ROWS,
    WEIGHTS,
    Tabs,
    check_fields,
    compare_fields,
    maker,
    number_in,
)
from xlsgd.tabs.found import Found

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_features", "facts_of"]


def check_features(found: Found, tabs: Tabs) -> None:
    """Compare the features of every row with what pandas makes of the raw columns."""
    schema, maps = found.data.schema, found.maps.data
    if not schema.features:
        return
    import pandas as pd

    tab, table = tabs[maps.sheet], maps.tables["data"]
    columns, facts = schema.feature_columns(), schema.facts()
    tab.check_cells(table, columns, maker(found, maps, "data"), ranked(ROWS))
    check_fields(tab, found, maps, "", facts, WEIGHTS)
    keys = {given.key: maps.fields[given.key] for given in facts}
    seen = {key: number_in(tab.cells.get(position)) for key, position in keys.items()}
    # What the facts are made of as the cells have it, features among it.
    frame = pd.DataFrame(
        {n: [tab.cells.get((r, c)) for r in table.rows] for n, c in table.columns.items()}
    )
    compare_fields(tab, "step", keys, {k: [v] for k, v in facts_of(found, frame).items()}, 1)
    places = places_of(table, columns)
    raw = pd.DataFrame({name: list(cells) for name, cells in found.data.raw.items()})
    for check, made in (
        ("step", feature_frame(schema.features, frame, seen)),
        ("run", feature_frame(schema.features, raw)),
    ):
        features = {name: made[name].to_numpy(dtype=float) for name in schema.feature_names}
        spread = {name: np.zeros(len(table.rows)) for name in features}
        tab.compare_table(check, "data", Block(table.rows, places, features, spread), ranked(ROWS))


def facts_of(found: Found, frame: pd.DataFrame) -> dict[str, float]:
    """Return what pandas knows of whole columns."""
    facts: dict[str, float] = {}
    for feature in found.data.schema.features:
        facts |= feature.facts_of(frame)
    return facts
