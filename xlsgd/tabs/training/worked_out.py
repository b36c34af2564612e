"""Inputs that a tab works out by itself until somebody types over them.

``exploded_above`` and ``chart_limit`` follow from data and start weights by a formula. While it
is xlsgd's, torch works them out too, and what is wrong upstream is found there. A number typed in
its place is an input like any other. Another formula is taken as it is, and told.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
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
from xlsgd.tabs.layouts.torch_limits import limits_of, losses_added_up
from xlsgd.tabs.view import View
from xlsgd.torch_side.targets import columns_to_predict
from xlsgd.verdict.threshold import chart_limit, explosion_threshold

__all__ = ["WorkedOut", "by_torch", "in_the_sheet", "with_own_formulas", "worked_out"]

WORKED_OUT = ("exploded_above", "chart_limit")


@dataclass
class WorkedOut:
    """What a training tab's experiment is with these inputs.

    alone: as torch has it by itself.   shown: with the numbers that stand in the cells.
    ours: the cells that hold xlsgd's own formula.
    foreign: the others with a formula, and that formula.
    """

    alone: View
    shown: View
    ours: dict[str, Position] = field(default_factory=dict)
    foreign: dict[str, Formula] = field(default_factory=dict)


def worked_out(tab: ExaminedTab, maps: TabMap, view: View, wanted: Wanted, file: str) -> WorkedOut:
    """Tell whose formulas stand in these cells.

    wanted: what xlsgd writes for a template.
    Raises InputError for a formula that is not xlsgd's and gives no number.
    """
    templates = {
        given.key: str(given.value)
        for given in get_layout(view.layout).inputs(replace(view, typed={}))
    }
    found = WorkedOut(view, view)
    for key in WORKED_OUT:
        place = maps.fields.get(key)
        said = None if place is None else tab.contents.get(place)
        if place is None or key not in templates or not isinstance(said, Formula):
            continue
        if tab.says(place, wanted(templates[key])(place[0])):
            found.ours[key] = place
            continue
        found.foreign[key] = said
        value = tab.cells.get(place)
        if not isinstance(value, float):
            raise InputError(
                f"{file}: {maps.sheet}!{address(place)} ({key}): got {value_text(value)}, need a "
                f"number; its formula, {shortened(said)}, is not xlsgd's: type one",
                (maps.sheet, place),
            )
    found.alone = _without(view, found.ours)
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
    experiment = found.alone.experiment
    targets = columns_to_predict(experiment, data)
    start = [experiment.start.get(p, 0.0) for p in experiment.network.parameters]
    values = {
        "exploded_above": explosion_threshold(
            experiment.loss, targets, worst, losses_added_up(found.alone)
        ),
        "chart_limit": chart_limit(experiment.network, targets, start),
    }
    return {key: values[key] for key in found.ours}


def by_torch(found: WorkedOut, data: Dataset) -> dict[str, float]:
    """Return what torch has for them by itself."""
    own = limits_of(found.alone, data)
    return {key: float(getattr(own, key)) for key in found.ours}


def with_own_formulas(found: WorkedOut) -> View:
    """Return the view as it would be with xlsgd's formulas in place of foreign ones."""
    return _without(found.alone, found.foreign)


def _without(view: View, keys: Container[str]) -> View:
    """Return a view that works out some of its limits."""
    return replace(view, typed={k: v for k, v in view.typed.items() if k not in keys})
