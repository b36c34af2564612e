"""Find the matrix tab again: W, the column of ones, and a row for every row of data."""

from __future__ import annotations

from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.matrix import columns as matrix
from xlsgd.training.experiment import Experiment

__all__ = ["find_matrix"]


def find_matrix(tab: FoundTab, experiment: Experiment, rows: int) -> TabMap:
    """Return the map of a matrix tab.  rows: of data."""
    columns = [column.quantity for column in matrix.product_table(experiment)]
    product = tab.whole_table(columns, rows)
    fields = dict(tab.fields)
    for given in matrix.fields(experiment):
        tab.place(given.key)
    units = matrix.units(experiment)
    heads = {f"unit {j}" for j in range(1, len(units) + 1)}
    w = tab.table({"input", *heads}, "W")
    inputs = list(experiment.network.input_names)
    texts = texts_of(tab.grid)
    rows_of = {texts.get((r, w.columns["input"])): r for r in w.rows}
    rows_of |= {
        text: r for (r, c), text in texts.items() if c == w.columns["input"] and text in inputs
    }
    for j, names in enumerate(units, 1):
        for name, unit_weight in zip(inputs, names, strict=True):
            if name not in rows_of:
                raise tab.fault(f": no row '{name}' in W; restore it")
            fields[f"weight.{unit_weight}"] = rows_of[name], w.columns[f"unit {j}"]
    ones = sorted(
        r
        for (r, c), content in tab.grid.items()
        if c == w.columns["unit 1"] and r > max(rows_of.values()) and content == 1.0
    )
    if len(ones) < len(units):
        raise tab.fault(f": the column of {len(units)} ones below W is not there; restore it")
    for j in range(len(units)):
        fields[f"one.{j + 1}"] = ones[j], w.columns["unit 1"]
    earlier = tab.marker == matrix.EARLIER
    return TabMap(tab.sheet, fields, {"product": product}, earlier_format=earlier)
