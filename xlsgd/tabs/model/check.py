"""Compare the model tab with what torch makes of the weights that it shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xlsgd.base.cells import Formula
from xlsgd.checks.expected import ranked
from xlsgd.data import Dataset
from xlsgd.data.features import feature_frame
from xlsgd.tabs.comparing import FIELDS, ROWS, WEIGHTS, check_fields, compare_rows, number_in
from xlsgd.tabs.dataset.check import facts_of
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.model import columns as model
from xlsgd.tabs.model import torch_values as torch_model
from xlsgd.tabs.model.torch_weights import Weights, of_run, weights_shown
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.training.experiment import Experiment

__all__ = ["check_model"]

BARS = 4
FILLED = 100
"""Among the fields, the row to fill in comes after the others."""


def check_model(work: Examination, experiment: Experiment) -> None:
    """Compare the model tab of an experiment."""
    found, run = work.found, work.of(Trained).alone[experiment.id]
    maps = found.maps.of("model")[experiment.id]
    tab, wanted = work.tabs[maps.sheet], work.writer(maps)
    tab.inputs |= {maps.fields[model.WEIGHTS_OF.key]}
    start = str(tab.cells.get(maps.fields[model.WEIGHTS_OF.key])).lower() == "start"
    names = experiment.network.parameters
    training = found.maps.training[experiment.id]
    shown = work.tabs[training.sheet]
    seen = weights_shown(tab, maps, names)
    alone = dict(seen)
    for i, p in enumerate(names):
        position = maps.fields[f"weight.{p}"]
        # A learner's own weight is an input like any other.
        if not isinstance(tab.contents.get(position), Formula):
            continue
        formula = wanted(model.weight_formula(experiment, p))(position[0])
        tab.check_formula(position, (WEIGHTS, i, 0), f"weight.{p}", formula)
        source = training.fields[f"init.{p}"]
        if not start:
            source = training.tables["steps"].cell(f"new.{p}", -1)
        by_run = of_run(experiment, run, p, start)
        key, members = f"weight.{p}", [number_in(shown.cells.get(source))]
        tab.compare_fields("step", {key: position}, {key: members}, WEIGHTS, i)
        if by_run is not None:
            alone[p] = np.array(by_run)
            tab.compare_fields("run", {key: position}, {key: by_run}, WEIGHTS, i)
    columns = model.forward_table(experiment)
    fields = model.fields(experiment, maps.earlier_format)
    bars = model.histogram_table()
    tab.check_cells(maps.tables["forward"], columns, work.writer(maps, "forward"), ranked(ROWS))
    tab.check_cells(maps.tables["histogram"], bars, work.writer(maps, "histogram"), ranked(BARS))
    check_fields(tab, wanted, maps, fields, FIELDS)
    limits = tab.numbers(maps.tables["histogram"])
    for check, data, weights in (("step", found.shown, seen), ("run", found.data, alone)):
        passed = torch_model.forward(experiment, data, weights, maps.earlier_format)
        compare_rows(tab, check, maps, "forward", columns, passed.rows)
        places = {given.key: maps.fields[given.key] for given in fields}
        tab.compare_fields(check, places, passed.fields, FIELDS)
        counted = torch_model.histogram_values(passed, limits["from"], limits["to"])
        compare_rows(tab, check, maps, "histogram", bars, counted, BARS)
    _check_filled(work, experiment, {"step": seen, "run": alone})


def _check_filled(
    work: Examination, experiment: Experiment, weights: Mapping[str, Weights]
) -> None:
    """Compare the row to fill in."""
    import pandas as pd

    found = work.found
    schema, inputs = found.data.schema, experiment.network.input_names
    maps, data_tab = found.maps.of("model")[experiment.id], found.maps.data
    tab, table = work.tabs[maps.sheet], maps.tables["filled"]
    row = table.rows[0]
    typed = {raw.name: (row, table.columns[raw.name]) for raw in schema.asked}
    tab.inputs |= set(typed.values())
    given = {name: tab.cells.get(place) for name, place in typed.items()}
    columns = model.filled_columns(experiment, schema, maps.earlier_format)
    places = {column.quantity: (row, table.columns[column.quantity]) for column in columns}
    wanted = work.writer(maps, "filled")
    for j, column in enumerate(columns):
        order = (FIELDS, FILLED, j)
        formula = wanted(column.formula)(row)
        tab.check_formula(places[column.quantity], order, column.quantity, formula)
    shown = work.tabs[data_tab.sheet].cells
    seen = {g.key: number_in(shown.get(data_tab.fields[g.key])) for g in schema.facts()}
    alone = facts_of(schema, pd.DataFrame({n: list(c) for n, c in found.data.raw.items()}))
    # An empty cell counts as 0 in a formula.
    numbers = {raw.name for raw in schema.asked if raw.holds == "number"}
    filled = {k: 0.0 if v is None and k in numbers else v for k, v in given.items()}
    frame = pd.DataFrame({name: [value] for name, value in filled.items()})
    for check, facts in (("step", seen), ("run", alone)):
        made = feature_frame(schema.features, frame, facts)
        features = {name: float(made[name].iloc[0]) for name in schema.feature_names}
        known = {name: number_in(value) for name, value in filled.items()} | features
        used = {
            n: number_in(tab.cells.get(places[n])) if check == "step" and n in places else known[n]
            for n in inputs
        }
        one = Dataset("filled in", {n: (value,) for n, value in used.items()}, (0.0,))
        passed = torch_model.forward(experiment, one, weights[check])
        expected: dict[str, list[float | str]] = {n: [value] for n, value in features.items()}
        for place in experiment.network.places:
            expected |= {name: [*map(float, passed.rows[name][:, 0])] for name in place.outputs}
        pred = [*map(float, passed.rows["pred"][:, 0])]
        expected["says"] = torch_model.filled_words(
            schema, given, pred, experiment.loss.cut, maps.earlier_format
        )
        tab.compare_fields(check, places, expected, FIELDS, FILLED)
