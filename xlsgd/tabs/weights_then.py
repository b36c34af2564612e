"""The weights of a run after some of its epochs, as its tab shows them."""

from __future__ import annotations

import numpy as np

from xlsgd.checks.examined import ExaminedTab
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import number_in
from xlsgd.training.experiment import Experiment

__all__ = ["end_weight", "weights_then"]


def weights_then(
    run: ExaminedTab, maps: TabMap, experiment: Experiment, epochs: float
) -> dict[str, float]:
    """Return every weight; nan where there is no such epoch.  epochs: 0 for the start."""
    names = experiment.network.parameters
    if epochs <= 0:
        return {p: number_in(run.cells.get(maps.fields[f"init.{p}"])) for p in names}
    steps = run.numbers(maps.tables["steps"])
    per_epoch = number_in(run.cells.get(maps.fields["steps_per_epoch"]))
    rows = np.flatnonzero(steps["step"] == epochs * per_epoch)
    return {p: float(steps[f"new.{p}"][rows[-1]]) if len(rows) else float("nan") for p in names}


def end_weight(run: ExaminedTab, maps: TabMap, weight: str) -> float:
    """Return a weight after the last step."""
    return float(run.numbers(maps.tables["steps"])[f"new.{weight}"][-1])
