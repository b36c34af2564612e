"""Find the tabs that show a forward pass: the model, and the same as a product of matrices."""

from __future__ import annotations

from collections.abc import Mapping

from xlsgd.base.cells import Formula
from xlsgd.base.errors import WorkbookError
from xlsgd.data import Dataset
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.tabs.matrix import columns as matrix
from xlsgd.tabs.model import columns as model
from xlsgd.training.experiment import Experiment

__all__ = ["find_matrix", "find_model", "shown_experiment"]


def shown_experiment(tab: FoundTab, experiments: Mapping[str, Experiment]) -> Experiment:
    """Return the experiment whose weights a model tab shows."""
    name = tab.text("experiment")
    if name not in experiments:
        raise WorkbookError(
            f"{tab.file}: {tab.sheet}!{address(tab.place('experiment'))} (experiment): got "
            f"'{name}', need one of: {', '.join(experiments)}"
        )
    return experiments[name]


def find_model(tab: FoundTab, experiment: Experiment, data: Dataset) -> TabMap:
    """Return the map of a model tab."""
    columns = [column.quantity for column in model.forward_table(experiment)]
    forward = _table_of(tab, "one row per row of data", columns, data.rows)
    filled = _row_to_fill_in(tab, data, experiment)
    counts = [column.quantity for column in model.histogram_table()]
    bars = tab.table({"from", "to", *counts}, {"from", "to", *counts}.__contains__, "bars")
    bars.rows = bars.rows[: len(model.BINS) - 1]
    fields = dict(tab.fields)
    choice = tab.text(model.WEIGHTS_OF.key)
    if choice not in model.WEIGHTS_OF.choices:
        raise WorkbookError(
            f"{tab.file}: {tab.sheet}!{address(tab.place(model.WEIGHTS_OF.key))} "
            f"({model.WEIGHTS_OF.key}): got '{choice}', need one of: "
            f"{', '.join(model.WEIGHTS_OF.choices)}"
        )
    for given in model.fields(experiment):
        tab.place(given.key)
    names = experiment.network.input_names
    weights = tab.table({"unit", *names}, {"unit", *names}.__contains__, "the weights")
    numbers = {tab.grid.get((row, weights.columns["unit"])): row for row in reversed(weights.rows)}
    for unit, group in enumerate(model.weight_groups(experiment), 1):
        if unit not in numbers:
            raise WorkbookError(
                f"{tab.file}: tab '{tab.sheet}': no row of weights for unit {unit}; restore it"
            )
        for name, weight in zip(names, group, strict=True):
            place = numbers[unit], weights.columns[name]
            if not isinstance(tab.grid.get(place), Formula):
                tab.as_number(place, tab.grid.get(place), f"weight.{weight}")
            fields[f"weight.{weight}"] = place
    return TabMap(tab.sheet, fields, {"forward": forward, "filled": filled, "histogram": bars})


def find_matrix(tab: FoundTab, experiment: Experiment, rows: int) -> TabMap:
    """Return the map of a matrix tab.  rows: of data."""
    columns = [column.quantity for column in matrix.product_table(experiment)]
    product = _table_of(tab, "one row per row of data", columns, rows)
    fields = dict(tab.fields)
    for given in matrix.fields(experiment):
        tab.place(given.key)
    units = matrix.units(experiment)
    heads = {f"unit {j}" for j in range(1, len(units) + 1)}
    w = tab.table({"input", *heads}, {"input", *heads}.__contains__, "W")
    inputs = list(experiment.network.input_names)
    texts = texts_of(tab.grid)
    rows_of = {texts.get((r, w.columns["input"])): r for r in w.rows}
    rows_of |= {
        text: r for (r, c), text in texts.items() if c == w.columns["input"] and text in inputs
    }
    for j, names in enumerate(units, 1):
        for name, unit_weight in zip(inputs, names, strict=True):
            if name not in rows_of:
                raise WorkbookError(
                    f"{tab.file}: tab '{tab.sheet}': no row '{name}' in W; restore it"
                )
            fields[f"weight.{unit_weight}"] = rows_of[name], w.columns[f"unit {j}"]
    ones = sorted(
        r
        for (r, c), content in tab.grid.items()
        if c == w.columns["unit 1"] and r > max(rows_of.values()) and content == 1.0
    )
    if len(ones) < len(units):
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': the column of {len(units)} ones below W is not "
            "there; restore it"
        )
    for j in range(len(units)):
        fields[f"one.{j + 1}"] = ones[j], w.columns["unit 1"]
    return TabMap(tab.sheet, fields, {"product": product})


def _table_of(tab: FoundTab, what: str, quantities: list[str], rows: int) -> TableMap:
    """Return the table with these headers, which must have so many rows."""
    table = tab.table(set(quantities), set(quantities).__contains__, what)
    if len(table.rows) != rows:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': its table has {len(table.rows):,} rows, the "
            f"data {rows:,}; this tab cannot grow or shrink: generate the workbook again"
        )
    return table


def _row_to_fill_in(tab: FoundTab, data: Dataset, experiment: Experiment) -> TableMap:
    schema = data.schema
    needed = {*(raw.name for raw in schema.asked), *schema.feature_names, "says", "pred"}
    known = {name for place in experiment.network.places for name in place.outputs} | needed
    table = tab.table(needed, known.__contains__, "the row to fill in")
    made = {table.columns[name] for name in schema.feature_names or ("pred", "says")}
    below = sorted(
        {
            r
            for r, c in tab.grid
            if r > table.header_row and c in made and isinstance(tab.grid[r, c], Formula)
        }
    )
    if not below:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': the row to fill in has no formulas; restore it"
        )
    table.rows = below[:1]
    return table
