"""Compare a slice tab with torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import check_fields, compare_rows, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.slice.columns import columns, follow, typed
from xlsgd.tabs.slice.torch_values import sliced
from xlsgd.tabs.weights_then import end_weight, weights_then
from xlsgd.torch_side.mean_losses import MeanLosses

__all__ = ["check_slice"]

Floats = NDArray[np.float64]


def check_slice(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps: all of it follows from the weights on the tab of the run."""
    tab, experiment = work.tabs[maps.sheet], work.found.experiments[maps.follows[0]]
    training = work.found.maps.training[experiment.id]
    run = work.tabs[training.sheet]
    every = follow(experiment)
    given = [each.key for each in typed(experiment, "", 0)]
    tab.inputs |= {maps.fields[key] for key in given}
    check_fields(tab, work.writer(maps), maps, every, 0)
    tab.check_patterns(
        maps.tables["slice"], columns(experiment), work.writer(maps, "slice"), ranked(1)
    )
    weight = str(tab.cells.get(maps.fields["weight"]))
    losses = MeanLosses(experiment, work.found.shown)
    numbers = {
        key: number_in(run.cells.get(training.fields[there]))
        for key, there in (("h", "h"), ("rate", "learning_rate"), ("rows", "rows"))
    }
    numbers["beside"] = number_in(tab.cells.get(maps.fields["beside"]))
    epoch = number_in(tab.cells.get(maps.fields["after_epoch"]))
    now, ends = (
        {p: losses.moved(value) for p, value in weights.items()}
        for weights in (
            weights_then(run, training, experiment, epoch),
            {
                "start": weights_then(run, training, experiment, 0)[weight],
                "end": end_weight(run, training, weight),
            },
        )
    )
    fields, points = sliced(losses, now, (ends["start"], ends["end"]), weight, numbers)
    members = len(fields["here"])
    known = {each.key: np.full(members, numbers.get(each.key, np.nan)) for each in every} | fields
    places = {each.key: maps.fields[each.key] for each in every}
    expected = {key: [float(value) for value in known[key]] for key in places}
    tab.compare_fields("step", places, expected, 0)
    compare_rows(tab, "step", maps, "slice", columns(experiment), points, 1)
