"""The weights that a tab shows, as each member of the ensemble has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.checks.examined import ExaminedTab
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import number_in
from xlsgd.torch_side import Ensemble
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS, Trace

__all__ = ["Weights", "of_run", "weights_shown"]

Weights = dict[str, NDArray[np.float64]]
"""By parameter, a number for every member of the ensemble."""


def of_run(experiment: Experiment, run: Trace, p: str, start: bool) -> list[float] | None:
    """Return a weight of every member, before or after training.

    None after a run that has lost its loss: what torch has as the slope of a unit that is cut off
    is 0 there, and a sheet has none, so that nothing but the verdict can be told.
    """
    if not start and not np.isfinite(run["loss"][-1]):
        return None
    values = run.values[f"param.{p}"][:, 0] if start else run.values[f"new.{p}"][:, -1]
    return [float(value) for value in values]


def weights_shown(tab: ExaminedTab, maps: TabMap, names: Sequence[str]) -> Weights:
    """Return the weights that a tab shows, moved by a unit in the last place in all members but
    the first."""
    ensemble = Ensemble(MEMBERS)
    found = {}
    for p in names:
        number = number_in(tab.cells.get(maps.fields[f"weight.{p}"]))
        found[p] = ensemble.copies([number])[:, 0].numpy()
    return found
