"""Compare a bowl tab with torch."""

from __future__ import annotations

from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.bowl.columns import ROWS_OF_DATA, fields
from xlsgd.tabs.bowl.torch_values import bowl
from xlsgd.tabs.comparing import check_fields, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.torch_side.mean_losses import MeanLosses

__all__ = ["check_bowl"]


def check_bowl(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps."""
    tab = work.tabs[maps.sheet]
    check_fields(tab, work.writer(maps), maps, [ROWS_OF_DATA], 0)
    count = {ROWS_OF_DATA.key: maps.fields[ROWS_OF_DATA.key]}
    tab.compare_fields("step", count, {ROWS_OF_DATA.key: [float(work.found.shown.rows)]}, 0)
    for number, id in enumerate(maps.follows, 1):
        experiment = work.found.experiments[id]
        training = work.found.maps.training[id]
        rate = number_in(work.tabs[training.sheet].cells.get(training.fields["learning_rate"]))
        every = fields(experiment)
        check_fields(tab, work.writer(maps), maps, every, number)
        expected = bowl(MeanLosses(experiment, work.found.shown), experiment, rate)
        places = {given.key: maps.fields[given.key] for given in every}
        tab.compare_fields("step", places, expected, number)
