"""Compare the features of every row of data with what pandas makes of the raw columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xlsgd.checks.expected import places_of, ranked
from xlsgd.data.features import feature_frame
from xlsgd.data.schema import Schema
from xlsgd.report.compare import ExpectedTable
from xlsgd.tabs.comparing import ROWS, WEIGHTS, check_fields, number_in

if TYPE_CHECKING:
    import pandas as pd

    from xlsgd.tabs.examination import Examination

__all__ = ["check_features", "facts_of"]


def check_features(work: Examination) -> None:
    """Compare the features of every row with what pandas makes of the raw columns."""
    schema, maps = work.found.data.schema, work.found.maps.data
    if not schema.features:
        return
    import pandas as pd

    tab, table = work.tabs[maps.sheet], maps.tables["data"]
    columns, facts = schema.feature_columns(), schema.facts()
    tab.check_cells(table, columns, work.writer(maps, "data"), ranked(ROWS))
    check_fields(tab, work.writer(maps), maps, facts, WEIGHTS)
    keys = {given.key: maps.fields[given.key] for given in facts}
    seen = {key: number_in(tab.cells.get(position)) for key, position in keys.items()}
    # What the facts are made of as the cells have it, features among it.
    frame = pd.DataFrame(
        {n: [tab.cells.get((r, c)) for r in table.rows] for n, c in table.columns.items()}
    )
    for given in schema.shared:
        frame[given.name] = tab.cells.get(maps.fields[given.name])
    known = {key: [value] for key, value in facts_of(schema, frame).items()}
    tab.compare_fields("step", keys, known, WEIGHTS)
    places = places_of(table, columns)
    raw = pd.DataFrame({name: list(cells) for name, cells in work.found.data.raw.items()})
    for check, made in (
        ("step", feature_frame(schema.features, frame, seen)),
        ("run", feature_frame(schema.features, raw)),
    ):
        features = {name: made[name].to_numpy(dtype=float) for name in schema.feature_names}
        spread = {name: np.zeros(len(table.rows)) for name in features}
        tab.compare_table(
            check, "data", ExpectedTable(table.rows, places, features, spread), ranked(ROWS)
        )


def facts_of(schema: Schema, frame: pd.DataFrame) -> dict[str, float]:
    """Return what pandas knows of whole columns."""
    facts: dict[str, float] = {}
    for feature in schema.features:
        facts |= feature.facts_of(frame)
    return facts
