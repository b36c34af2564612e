"""Compare a tab of pairs with the net that torch evaluates on every pair."""

from __future__ import annotations

import numpy as np

from xlsgd.checks.expected import ranked
from xlsgd.tabs.comparing import FIELDS, ROWS, WEIGHTS, check_fields, compare_rows, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.pairs import columns as pairs
from xlsgd.tabs.pairs import torch_values
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.torch_side import Ensemble
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS

__all__ = ["check_pairs"]


def check_pairs(work: Examination, experiment: Experiment) -> None:
    """Compare the tab of pairs of an experiment."""
    found, run = work.found, work.of(Trained).alone[experiment.id]
    maps = found.maps.of("pairs")[experiment.id]
    tab, wanted = work.tabs[maps.sheet], work.writer(maps)
    training = found.maps.training[experiment.id]
    there = work.tabs[training.sheet]
    two = pairs.sides(experiment, found.data.schema)
    ensemble = Ensemble(MEMBERS)
    seen, alone = {}, {}
    for i, p in enumerate(experiment.network.parameters):
        key = f"weight.{p}"
        position, source = maps.fields[key], training.tables["steps"].cell(f"new.{p}", -1)
        formula = wanted(pairs.weight_formula(experiment, p))(position[0])
        tab.check_formula(position, (WEIGHTS, i, 0), key, formula)
        by_run = [float(value) for value in run.values[f"new.{p}"][:, -1]]
        shown = number_in(there.cells.get(source))
        for check, members in (("step", [shown]), ("run", by_run)):
            tab.compare_fields(check, {key: position}, {key: members}, WEIGHTS, i)
        seen[p] = ensemble.copies([number_in(tab.cells.get(position))])[:, 0].numpy()
        alone[p] = np.array(by_run)
    columns, fields = pairs.pair_columns(experiment, two), pairs.fields(experiment.id, two)[1:]
    table = maps.tables["pairs"]
    tab.check_patterns(table, columns, work.writer(maps, "pairs"), ranked(ROWS))
    check_fields(tab, wanted, maps, fields, FIELDS)
    numbers = tab.numbers(table)
    for check, data, weights, own in (
        ("step", found.shown, seen, numbers),
        ("run", found.data, alone, None),
    ):
        rows, said = torch_values.values(experiment, two, data, weights, own)
        compare_rows(tab, check, maps, "pairs", columns, rows)
        tab.compare_fields(check, {g.key: maps.fields[g.key] for g in fields}, said, FIELDS)
