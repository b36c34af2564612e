"""Where the weights stand on a tab of pairs: beside the rows, above the columns, or in fields."""

from __future__ import annotations

from collections.abc import Mapping

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TableMap, TabMap
from xlsgd.tabs.pairs import columns as pairs
from xlsgd.tabs.pairs.columns import Side
from xlsgd.training.experiment import Experiment

__all__ = ["find_pairs", "weight_places"]


def weight_places(
    two: tuple[Side, Side], table: TableMap, rows_above: Mapping[str, int]
) -> dict[str, Position]:
    """Return the fields with the weights that belong to rows and columns.

    rows_above: the row of the sheet with what a value of the second input chooses, by its name.
    """
    fields: dict[str, Position] = {}
    for name, weights in two[0].chosen.items():
        for row, p in zip(table.rows, weights, strict=False):
            fields[f"weight.{p}"] = row, table.columns[name]
    for name, weights in two[1].chosen.items():
        for j, p in enumerate(weights, 1):
            fields[f"weight.{p}"] = rows_above[name], table.columns[f"pred.{j}"]
            fields[pairs.above(name, j)] = fields[f"weight.{p}"]
    return fields


def find_pairs(tab: FoundTab, experiment: Experiment, two: tuple[Side, Side]) -> TabMap:
    """Return the map of a tab of pairs.  Raises WorkbookError for one that is not whole."""
    quantities = [column.quantity for column in pairs.pair_columns(experiment, two)]
    table = tab.table([*quantities, *two[0].chosen], "every pair")
    if len(table.rows) != len(two[0].names):
        raise tab.fault(
            f": its table has {len(table.rows):,} rows, the net knows {len(two[0].names):,} values "
            f"of {two[0].input}; restore them, or generate the workbook again"
        )
    left = table.columns["pred.1"] - 1
    rows_above = {text: r for (r, c), text in texts_of(tab.grid).items() if c == left}
    for name in two[1].chosen:
        if name not in rows_above:
            raise tab.fault(f": no row '{name}' above the predictions; restore it")
    for given in pairs.fields(experiment.id, two):
        tab.place(given.key)
    for p in pairs.free_weights(experiment, two):
        tab.place(f"weight.{p}")
    fields = {**tab.fields, **weight_places(two, table, rows_above)}
    return TabMap(tab.sheet, fields, {"pairs": table}, can_shrink=False)
