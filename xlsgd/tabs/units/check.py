"""Compare a units tab with the units as PyTorch has them."""

from __future__ import annotations

import numpy as np

from xlsgd.base.cells import Formula
from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import FIELDS, ROWS, WEIGHTS, compare_rows, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.model.torch_weights import of_run, weights_shown
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.tabs.units import columns as units
from xlsgd.tabs.units.torch_values import bends, values
from xlsgd.training.trace import MEMBERS

__all__ = ["check_units"]


def check_units(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps."""
    tab, wanted = work.tabs[maps.sheet], work.writer(maps)
    texts = (str(tab.cells[maps.fields[key]]) for key in ("network", "over"))
    hidden = units.read_hidden(next(texts), (next(texts),))
    typed = (units.COUNT, units.BEGIN, units.APART)
    tab.inputs |= {maps.fields[key] for key in typed}
    numbers = {key: number_in(tab.cells.get(maps.fields[key])) for key in typed}
    names = hidden.network.parameters
    seen = weights_shown(tab, maps, names)
    alone = dict(seen)
    for id in maps.follows:
        alone |= _of_training(work, maps, id, hidden)
    tab.inputs |= {
        maps.fields[f"weight.{p}"]
        for p in names
        if not isinstance(tab.contents.get(maps.fields[f"weight.{p}"]), Formula)
    }
    for i in range(hidden.units if hidden.bends else 0):
        key = f"bends_at.{i + 1}"
        place = maps.fields[key]
        formula = wanted(units.bend_formula(hidden, i))(place[0])
        tab.check_formula(place, (FIELDS, i, place[1]), key, formula)
        for check, weights in (("step", seen), ("run", alone)):
            expected = {key: bends(hidden, weights, i)}
            tab.compare_fields(check, {key: place}, expected, FIELDS, i)
    columns, table = units.curve_columns(hidden), maps.tables["curves"]
    tab.check_patterns(table, columns, work.writer(maps, "curves"), ranked(ROWS))
    (x,) = hidden.network.input_names
    for check, weights, inputs in (("step", seen, tab.numbers(table)[x]), ("run", alone, None)):
        rows = values(hidden, numbers, weights, len(table.rows), inputs)
        compare_rows(tab, check, maps, "curves", columns, rows)


def _of_training(
    work: Examination, maps: TabMap, id: str, hidden: units.Hidden
) -> dict[str, np.ndarray]:
    """Compare the weights with those of an experiment, and return them as torch has them; without
    those that a reader has typed in."""
    tab, wanted = work.tabs[maps.sheet], work.writer(maps)
    experiment, run = work.found.experiments[id], work.of(Trained).alone[id]
    training = work.found.maps.training[id]
    cells = work.tabs[training.sheet].cells
    chosen = maps.fields[units.WEIGHTS_OF.key]
    tab.inputs |= {chosen}
    start = str(tab.cells.get(chosen)).lower() == "start"
    found = {}
    for i, (p, template) in enumerate(units.trained_weights(hidden, experiment).items()):
        place, key = maps.fields[f"weight.{p}"], f"weight.{p}"
        if not isinstance(tab.contents.get(place), Formula):
            continue
        tab.check_formula(place, (WEIGHTS, i, 0), key, wanted(template)(place[0]))
        source = training.fields[f"init.{p}"]
        if not start:
            source = training.tables["steps"].cell(f"new.{p}", -1)
        by_run = of_run(experiment, run, p, start)
        members = [number_in(cells.get(source))]
        tab.compare_fields("step", {key: place}, {key: members}, WEIGHTS, i)
        if by_run is not None:
            tab.compare_fields("run", {key: place}, {key: by_run}, WEIGHTS, i)
            found[p] = np.array(by_run)
    assert all(len(values) == MEMBERS for values in found.values())
    return found
