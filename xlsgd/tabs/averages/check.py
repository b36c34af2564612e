"""Compare a tab of running averages with torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column
from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.averages.columns import columns, inputs, measured
from xlsgd.tabs.averages.torch_values import RunningAverages
from xlsgd.tabs.comparing import check_fields, compare_rows, number_in
from xlsgd.tabs.examination import Examination

__all__ = ["check_averages"]

_ROWS, _FIELDS, _LAST = 1, 2, 3


def check_averages(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps."""
    tab, table = work.tabs[maps.sheet], maps.tables["signals"]
    wave = "omega" in maps.fields
    every: list[Column] = [c for c in columns(wave) if c.formula]
    fields = measured(wave)
    keys = [given.key for given in inputs(0, 0 if wave else None, 0)]
    tab.inputs |= {maps.fields[key] for key in keys}
    if not wave:
        tab.inputs |= {(row, table.columns["signal"]) for row in table.rows}
    tab.check_patterns(table, every, work.writer(maps, "signals"), ranked(_ROWS))
    check_fields(tab, work.writer(maps), maps, fields, _FIELDS)
    given = {key: number_in(tab.cells.get(maps.fields[key])) for key in keys}
    numbers = tab.numbers(table)
    signal = None if wave else numbers["signal"]
    known = {f.key: np.array([number_in(tab.cells.get(maps.fields[f.key]))]) for f in fields}
    nothing: Mapping[str, NDArray[np.float64]] = {}
    for check, seen in (("step", {**numbers, **known}), ("run", nothing)):
        made = RunningAverages(given, signal, len(table.rows), seen)
        rows = {column.quantity: made.columns[column.quantity] for column in every}
        early = [column for column in every if column.quantity != "predicted"]
        compare_rows(tab, check, maps, "signals", early, rows, _ROWS)
        places = {field.key: maps.fields[field.key] for field in fields}
        expected = {key: list(map(float, made.fields[key])) for key in places}
        tab.compare_fields(check, places, expected, _FIELDS)
        if wave:
            late = every[-1:]
            table_map = TabMap(maps.sheet, {}, {"predicted": table})
            compare_rows(tab, check, table_map, "predicted", late, rows, _LAST)
