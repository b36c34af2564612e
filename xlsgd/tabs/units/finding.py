"""Find the units tab again: what is typed in, the units with their weights, and the curves."""

from __future__ import annotations

from xlsgd.base.cells import Formula, Position
from xlsgd.base.errors import SpecError
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.units import columns as units
from xlsgd.tabs.units.columns import Hidden

__all__ = ["experiment_on", "find_units", "hidden_on", "weight_cells"]


def hidden_on(tab: FoundTab) -> Hidden:
    """Return the hidden layer that a tab shows.  Raises WorkbookError for none."""
    try:
        return units.read_hidden(tab.text("network"), (tab.text("over"),))
    except SpecError as error:
        raise tab.fault(f": {error}") from error


def experiment_on(tab: FoundTab, found: FoundWorkbook) -> str:
    """Return the id of the experiment whose weights a tab shows, "" for none."""
    if "experiment" not in tab.fields:
        return ""
    return tab.choice("experiment", found.experiments)


def find_units(tab: FoundTab, found: FoundWorkbook) -> TabMap:
    """Return the map of a units tab."""
    hidden, id = hidden_on(tab), experiment_on(tab, found)
    if id:
        tab.choice(units.WEIGHTS_OF.key, units.WEIGHTS_OF.choices)
        if units.hidden_layer(found.experiments[id].network) != hidden:
            raise tab.fault(
                f": network: got '{hidden.network}', but '{id}' trains "
                f"{found.experiments[id].network}; restore it"
            )
    for key in (units.COUNT, units.BEGIN, units.APART):
        tab.number(key)
    fields = {**tab.fields, **weight_cells(tab, hidden)}
    for name in hidden.network.parameters:
        place = fields[f"weight.{name}"]
        if not (id and isinstance(tab.grid.get(place), Formula)):
            tab.as_number(place, tab.value(place), f"weight {name}")
    quantities = {column.quantity for column in units.curve_columns(hidden)}
    curves = tab.table(quantities, "a row for every input")
    follows = (id,) if id else ()
    return TabMap(tab.sheet, fields, {"curves": curves}, can_shrink=False, follows=follows)


def weight_cells(tab: FoundTab, hidden: Hidden) -> dict[str, Position]:
    """Return the cells of the weights, and of where the units bend, by the keys of a map."""
    fields = {}
    if hidden.base:
        fields[f"weight.{hidden.base}"] = tab.place(f"weight.{hidden.base}")
    heads = ("unit", "into", "bias", "out", *(("bends_at",) if hidden.bends else ()))
    table = tab.table(set(heads), "the units")
    rows = {tab.grid.get((row, table.columns["unit"])): row for row in reversed(table.rows)}
    for i, names in enumerate(zip(hidden.into, hidden.bias, hidden.out, strict=True), 1):
        if i not in rows:
            raise tab.fault(f": no row for unit {i}; restore it")
        for name, head in zip(names, ("into", "bias", "out"), strict=True):
            fields[f"weight.{name}"] = rows[i], table.columns[head]
        if hidden.bends:
            fields[f"bends_at.{i}"] = rows[i], table.columns["bends_at"]
    return fields
