"""Compare a plane tab with torch."""

from __future__ import annotations

import numpy as np

from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import check_fields, compare_rows, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.plane.columns import fields, grid, typed, way
from xlsgd.tabs.plane.torch_values import plane
from xlsgd.tabs.weights_then import weights_then
from xlsgd.torch_side.mean_losses import MeanLosses

__all__ = ["check_plane"]


def check_plane(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps: all of it follows from the weights on the tab of the run."""
    tab, experiment = work.tabs[maps.sheet], work.found.experiments[maps.follows[0]]
    training = work.found.maps.training[experiment.id]
    run = work.tabs[training.sheet]
    tab.inputs |= {maps.fields[each.key] for each in typed(experiment, "", "", 0)}
    every = fields(experiment)
    check_fields(tab, work.writer(maps), maps, every, 2)
    for name, columns, rank in (("way", way(experiment), 0), ("grid", grid(experiment), 1)):
        tab.check_patterns(maps.tables[name], columns, work.writer(maps, name), ranked(rank))
    weights = {at: str(tab.cells.get(maps.fields[at])) for at in ("across", "up")}
    epoch, beside = (number_in(tab.cells.get(maps.fields[k])) for k in ("after_epoch", "beside"))
    losses = MeanLosses(experiment, work.found.shown)
    then = weights_then(run, training, experiment, epoch)
    rows = range(len(maps.tables["way"].rows))
    passed = [weights_then(run, training, experiment, epoch) for epoch in rows]
    found, taken, cells = plane(
        losses,
        {p: losses.moved(value) for p, value in then.items()},
        {at: losses.moved([each[p] for each in passed]) for at, p in weights.items()},
        weights,
        beside,
    )
    found["rows"] = np.full(len(found["from_up"]), float(work.found.shown.rows))
    compare_rows(tab, "step", maps, "way", way(experiment), taken, 0)
    compare_rows(tab, "step", maps, "grid", grid(experiment), cells, 1)
    places = {each.key: maps.fields[each.key] for each in every}
    expected = {key: [float(value) for value in found[key]] for key in places}
    tab.compare_fields("step", places, expected, 2)
