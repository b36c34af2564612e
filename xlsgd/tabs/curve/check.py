"""Compare a curve tab with the function in torch."""

from __future__ import annotations

import numpy as np

from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import check_fields, compare_rows, number_in
from xlsgd.tabs.curve.columns import POINTS, bends, columns
from xlsgd.tabs.curve.torch_values import bend_and_rate, points
from xlsgd.tabs.examination import Examination

__all__ = ["check_curve"]


def check_curve(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps."""
    tab, experiment = work.tabs[maps.sheet], work.found.experiments[maps.follows[0]]
    every = columns(experiment)
    table = maps.tables["curve"]
    tab.inputs |= {maps.fields["from"], maps.fields["to"]}
    tab.check_patterns(table, every, work.writer(maps, "curve"), ranked(1))
    check_bend(work, maps)
    low, high = (number_in(tab.cells.get(maps.fields[key])) for key in ("from", "to"))
    numbers = tab.numbers(table)
    rows = len(table.rows)
    count = np.arange(1.0, rows + 1)
    for check, place, at in (
        ("step", np.concatenate(([1.0], numbers["point"][:-1] + 1)), numbers["at"]),
        ("run", count, low + (count - 1) * (high - low) / (POINTS - 1)),
    ):
        compare_rows(tab, check, maps, "curve", every, points(experiment, place, low, high, at), 1)


def check_bend(work: Examination, maps: TabMap) -> None:
    """Look at how much the curve bends at the weight that a reader asks for."""
    tab, experiment = work.tabs[maps.sheet], work.found.experiments[maps.follows[0]]
    given, *follow = bends(experiment, 0.0)
    tab.inputs |= {maps.fields[given.key]}
    check_fields(tab, work.writer(maps), maps, follow, 0)
    where = number_in(tab.cells.get(maps.fields[given.key]))
    places = {each.key: maps.fields[each.key] for each in follow}
    tab.compare_fields("run", places, bend_and_rate(experiment, where), 0)
