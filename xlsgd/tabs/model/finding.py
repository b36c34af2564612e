"""Find the model tab again: its weights, the row to fill in, and a row for every row of data."""

from __future__ import annotations

from xlsgd.base.cells import Formula
from xlsgd.data import Dataset
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TableMap, TabMap
from xlsgd.tabs.model import columns as model
from xlsgd.training.experiment import Experiment

__all__ = ["find_model"]


def find_model(tab: FoundTab, experiment: Experiment, data: Dataset) -> TabMap:
    """Return the map of a model tab."""
    columns = [column.quantity for column in model.forward_table(experiment)]
    forward = tab.whole_table(columns, data.rows)
    filled = _row_to_fill_in(tab, data, experiment)
    counts = [column.quantity for column in model.histogram_table()]
    bars = tab.table({"from", "to", *counts}, "bars")
    bars.rows = bars.rows[: len(model.BINS) - 1]
    fields = dict(tab.fields)
    tab.choice(model.WEIGHTS_OF.key, model.WEIGHTS_OF.choices)
    for given in model.fields(experiment):
        tab.place(given.key)
    names = experiment.network.input_names
    weights = tab.table({"unit", *names}, "the weights")
    numbers = {tab.grid.get((row, weights.columns["unit"])): row for row in reversed(weights.rows)}
    for unit, group in enumerate(model.weight_groups(experiment), 1):
        if unit not in numbers:
            raise tab.fault(f": no row of weights for unit {unit}; restore it")
        for name, weight in zip(names, group, strict=True):
            place = numbers[unit], weights.columns[name]
            if not isinstance(tab.grid.get(place), Formula):
                tab.as_number(place, tab.grid.get(place), f"weight.{weight}")
            fields[f"weight.{weight}"] = place
    tables = {"forward": forward, "filled": filled, "histogram": bars}
    return TabMap(tab.sheet, fields, tables, earlier_format=tab.marker == model.EARLIER)


def _row_to_fill_in(tab: FoundTab, data: Dataset, experiment: Experiment) -> TableMap:
    schema = data.schema
    needed = {*(raw.name for raw in schema.asked), *schema.feature_names, "says", "pred"}
    known = {name for place in experiment.network.places for name in place.outputs} | needed
    table = tab.table(needed, "the row to fill in", known.__contains__)
    made = {table.columns[name] for name in schema.feature_names or ("pred", "says")}
    below = {
        row
        for (row, column), content in tab.grid.items()
        if row > table.header_row and column in made and isinstance(content, Formula)
    }
    if not below:
        raise tab.fault(": the row to fill in has no formulas; restore it")
    table.rows = [min(below)]
    return table
