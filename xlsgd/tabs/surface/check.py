"""Compare the surface tab with torch: the lowest point, the map, and the runs' ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.cells import Formula
from xlsgd.base.columns import Input
from xlsgd.checks.differences import Order
from xlsgd.checks.examined import ExaminedTab
from xlsgd.checks.expected import block_of, ranked
from xlsgd.checks.horizon import horizon
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.surface import columns as surface
from xlsgd.tabs.surface.torch_values import Members, Surface
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import Trace

__all__ = ["check_surface"]

Floats = NDArray[np.float64]

FIELDS, ABOVE, GRID, LEVELS, PATH = range(1, 6)
"""Parts of the tab in order of calculation."""


def check_surface(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps."""
    found = work.found
    shown = [found.experiments[id] for id in maps.follows]
    first = shown[0]
    tab = work.tabs[maps.sheet]
    own = _look_at_formulas(work, tab, maps, shown)
    training = found.maps.training[first.id]
    names = surface.line_weights(first)
    numbers = {key: number_in(tab.cells.get(place)) for key, place in maps.fields.items()}
    starts = {
        p: number_in(work.tabs[training.sheet].cells.get(training.fields[f"init.{p}"]))
        for p in names
    }
    typed = {key: numbers[key] for key in own}
    alone = {p: first.start.get(p, 0.0) for p in names}
    for check, data, start, seen in (
        ("step", found.shown, starts, numbers),
        ("run", found.data, alone, typed),
    ):
        made = Surface(first, data, start, seen)
        fields = made.fields()
        _compare_fields(tab, check, maps, surface.lowest(first), fields, FIELDS)
        limits = [g for g in surface.window(first) if g.key not in typed]
        _compare_fields(tab, check, maps, limits, fields, FIELDS, 10)
        grid = _compare_grid(tab, check, maps, made, fields)
        _compare_fields(tab, check, maps, surface.levels(), made.levels(grid), LEVELS)
        _compare_fields(tab, check, maps, surface.marks(first), fields, LEVELS, 10)
        _compare_paths(work, tab, check, maps, made, fields)


def _look_at_formulas(
    work: Examination, tab: ExaminedTab, maps: TabMap, shown: list[Experiment]
) -> list[str]:
    """Look at the formulas of the tab, and return the limits that a reader has typed in."""
    wanted = work.writer(maps)
    own = []
    limits = {given.key for given in surface.window(shown[0])}
    for i, given in enumerate((*surface.fields(shown[0]), *surface.positions(shown[0]))):
        position = maps.fields[given.key]
        # A reader's own limit is an input like any other.
        if given.key in limits and not isinstance(tab.contents.get(position), Formula):
            own.append(given.key)
            tab.inputs |= {position}
            continue
        rank = LEVELS if given.key.startswith(("level.", "plot.")) else FIELDS
        formula = wanted(str(given.value))(position[0])
        tab.check_formula(position, (rank, i, position[1]), given.key, formula)
    for name, columns, rank in (
        ("grid", surface.grid_columns(shown[0]), GRID),
        ("path", surface.path_columns(shown), PATH),
    ):
        tab.check_patterns(maps.tables[name], columns, work.writer(maps, name), ranked(rank))
    return own


def _compare_fields(
    tab: ExaminedTab,
    check: str,
    maps: TabMap,
    fields: Sequence[Input],
    expected: Members,
    rank: int,
    begin: int = 0,
) -> None:
    places = {given.key: maps.fields[given.key] for given in fields}
    members = {key: list(map(float, expected[key])) for key in places}
    tab.compare_fields(check, places, members, rank, begin)


def _compare_grid(
    tab: ExaminedTab, check: str, maps: TabMap, made: Surface, fields: Members
) -> Floats:
    """Compare the map and what stands above it, and return its losses, shape (members, places²).

    In the check of steps they follow from the weights that the sheet shows.
    """
    places = surface.PLACES
    table = maps.tables["grid"]
    across, down = made.across(fields), made.down(fields)
    above = {f"at.{i + 1}": across[:, i] for i in range(places)}
    positions = {key: maps.fields[key] for key in above}
    members = {key: list(map(float, values)) for key, values in above.items()}
    tab.compare_fields(check, positions, members, ABOVE)
    if check == "step":
        shown = np.array([number_in(tab.cells.get(position)) for position in positions.values()])
        across = made.moved(shown)
        down = made.moved(tab.numbers(table)["height"])
    # All pairs: row by row of the map.
    losses = made.losses(np.tile(across, places), np.repeat(down, places, axis=1))
    square = losses.reshape(len(losses), places, places)
    count = np.broadcast_to(np.arange(1.0, places + 1), down.shape)
    values = {"place": count, "height": made.down(fields)}
    values |= {f"loss.{i + 1}": square[:, :, i] for i in range(places)}
    columns = {name: table.columns[name] for name in values}
    tab.compare_table(check, "grid", block_of(table, columns, Trace(values), places), ranked(GRID))
    if check == "step":
        return made.moved(np.stack([tab.numbers(table)[f"loss.{i + 1}"] for i in range(places)]))
    return losses


def _compare_paths(
    work: Examination, tab: ExaminedTab, check: str, maps: TabMap, made: Surface, fields: Members
) -> None:
    """Compare the runs' ways, run by run: each can be predicted as far as its own numbers."""
    table = maps.tables["path"]
    rows = len(table.rows)
    numbers = tab.numbers(table)
    done = np.arange(float(rows)) if check == "run" else numbers["epochs_done"]
    count = Trace({"epochs_done": np.arange(float(rows))[None, :].repeat(2, 0)})
    place = {"epochs_done": table.columns["epochs_done"]}
    tab.compare_table(check, "epochs done", block_of(table, place, count, rows), ranked(PATH))
    shown = [work.found.experiments[id] for id in maps.follows]
    placed = [column.quantity for column in surface.path_columns(shown)]
    for id in maps.follows:
        experiment = work.found.experiments[id]
        names = surface.line_weights(experiment)
        training = work.found.maps.training[id]
        steps, start, within = _run(work, check, experiment, training, made)
        per_epoch = experiment.steps_per_epoch(work.found.data.rows)
        ways = {}
        last = _last_rows(steps["step"], done * per_epoch)
        for p in names:
            new = steps[f"new.{p}"]
            ways[p] = np.where(last < 0, np.nan, new[:, np.maximum(last, 0)])
            ways[p][:, 0] = start[p]
        length = int(np.argmax(last >= within)) if (last >= within).any() else rows
        drawn_of = ways
        if check == "step":
            drawn_of = {p: made.moved(numbers[f"way.{p}.{id}"]) for p in names}
        drawn = made.drawn(drawn_of, fields)
        values = {f"way.{p}.{id}": ways[p] for p in names}
        values |= {f"plot.{p}.{id}": drawn[p] for p in names}
        columns = {name: table.columns[name] for name in values}
        block = block_of(table, columns, Trace(values), length)
        tab.compare_table(check, f"way of {id}", block, _in_order(columns, placed))


def _in_order(names: Iterable[str], among: Sequence[str]) -> Order:
    """Return the order of some columns of the ways.  among: all of them."""
    places = [among.index(name) for name in names]
    return lambda row, column: (PATH, row, places[column])


def _run(
    work: Examination, check: str, experiment: Experiment, training: TabMap, made: Surface
) -> tuple[Mapping[str, Floats], Mapping[str, Floats], int]:
    """Return a run's steps, its start weights, and how many of its rows can be predicted."""
    names = surface.line_weights(experiment)
    if check == "run":
        trace = work.of(Trained).alone[experiment.id]
        found = {f"new.{p}": trace.values[f"new.{p}"] for p in names}
        start = {p: trace.values[f"param.{p}"][:, 0] for p in names}
        return {"step": trace["step"], **found}, start, horizon(experiment, trace).rows
    sheet = work.tabs[training.sheet]
    numbers = sheet.numbers(training.tables["steps"])
    shown = {f"new.{p}": np.stack([numbers[f"new.{p}"]] * 2) for p in names}
    start = {
        p: np.array([number_in(sheet.cells.get(training.fields[f"init.{p}"]))] * 2) for p in names
    }
    return {"step": numbers["step"], **shown}, start, len(numbers["step"])


def _last_rows(steps: Floats, wanted: Floats) -> NDArray[np.int64]:
    """Return the last row of every wanted step, -1 where there is none, 0 for step 0."""
    found = []
    for step in wanted:
        rows = np.flatnonzero(steps == step)
        found.append(int(rows[-1]) if len(rows) else 0 if step == 0 else -1)
    return np.array(found)
