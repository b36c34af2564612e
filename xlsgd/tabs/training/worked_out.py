"""Inputs that a tab works out by itself until somebody types over them.

``exploded_above`` and ``chart_limit`` follow from data and start weights by a formula. While it
is xlsgd's, torch works them out too, and what is wrong upstream is found there. A number typed in
its place is an input like any other. Another formula is taken as it is, and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xlsgd.base.cells import Formula, Position
from xlsgd.base.errors import InputError
from xlsgd.checks.examined import ExaminedTab, Wanted
from xlsgd.data import Dataset
from xlsgd.report.report import shortened, value_text
from xlsgd.sheets.maps import TabMap, address
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.torch_limits import with_limits
from xlsgd.training.experiment import Experiment
from xlsgd.verdict.threshold import chart_limit, explosion_threshold

__all__ = ["WorkedOut", "by_torch", "in_the_sheet", "own_limits", "worked_out"]

WORKED_OUT = ("exploded_above", "chart_limit")


@dataclass
class WorkedOut:
    """What a training tab's experiment is with these inputs.

    alone: as torch has it by itself.   shown: with the numbers that stand in the cells.
    ours: the cells that hold xlsgd's own formula.
    foreign: the others with a formula, and that formula.
    """

    alone: Experiment
    shown: Experiment
    ours: dict[str, Position] = field(default_factory=dict)
    foreign: dict[str, Formula] = field(default_factory=dict)


def worked_out(
    tab: ExaminedTab, maps: TabMap, experiment: Experiment, wanted: Wanted, file: str
) -> WorkedOut:
    """Tell whose formulas stand in these cells.

    wanted: what xlsgd writes for a template.
    Raises InputError for a formula that is not xlsgd's and gives no number.
    """
    templates = {
        given.key: str(given.value)
        for given in get_layout(experiment.layout).inputs(_without_limits(experiment))
    }
    alone = experiment
    found = WorkedOut(experiment, experiment)
    for key in WORKED_OUT:
        place = maps.fields.get(key)
        said = None if place is None else tab.contents.get(place)
        if place is None or key not in templates or not isinstance(said, Formula):
            continue
        if tab.says(place, wanted(templates[key])(place[0])):
            found.ours[key] = place
            none: dict[str, Any] = {key: None}
            alone = replace(alone, **none)
            continue
        found.foreign[key] = said
        value = tab.cells.get(place)
        if not isinstance(value, float):
            raise InputError(
                f"{file}: {maps.sheet}!{address(place)} ({key}): got {value_text(value)}, need a "
                f"number; its formula, {shortened(said)}, is not xlsgd's: type one",
                (maps.sheet, place),
            )
    found.alone = alone
    return found


def in_the_sheet(
    found: WorkedOut, numbers: Mapping[str, np.ndarray[Any, Any]], data: Dataset
) -> dict[str, float]:
    """Return what xlsgd's own formulas must give for the numbers that the sheet itself has.

    numbers: of its table of steps.   data: as the sheet shows it.
    """
    # With a row of the table for a row of data, each has its loss at the start weights.
    losses = numbers.get("start_loss", numbers["loss"][:1])
    worst = float(losses.max()) if np.isfinite(losses).all() else 0.0
    experiment = found.alone
    start = [experiment.start.get(p, 0.0) for p in experiment.network.parameters]
    values = {
        "exploded_above": explosion_threshold(experiment.loss, data.y, worst),
        "chart_limit": chart_limit(experiment.network, data.y, start),
    }
    return {key: values[key] for key in found.ours}


def by_torch(found: WorkedOut, data: Dataset) -> dict[str, float]:
    """Return what torch has for them by itself."""
    own = with_limits(found.alone, data)
    return {key: float(getattr(own, key)) for key in found.ours}


def own_limits(found: WorkedOut, data: Dataset) -> Experiment:
    """Return the experiment as it would be with xlsgd's formulas in place of foreign ones."""
    none: dict[str, Any] = dict.fromkeys(found.foreign)
    return with_limits(replace(found.alone, **none), data)


def _without_limits(experiment: Experiment) -> Experiment:
    return replace(experiment, exploded_above=None, chart_limit=None)
