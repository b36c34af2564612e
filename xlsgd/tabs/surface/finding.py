"""Find the surface tab again: the map, what stands above and beside it, and the runs' ways."""

from __future__ import annotations

from collections.abc import Mapping

from xlsgd.base.cells import Formula
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.surface import columns as surface
from xlsgd.training.experiment import Experiment

__all__ = ["find_surface"]


def find_surface(tab: FoundTab, experiments: Mapping[str, Experiment]) -> TabMap:
    """Return the map of a surface tab.  experiments: of the workbook, by id."""
    # By where their ways stand: the first is the one from whose start the map is drawn, whatever
    # order its tab has come into.
    places = {text: column for (_, column), text in texts_of(tab.grid).items()}
    shown = [
        e
        for e in experiments.values()
        if surface.applies(e)
        and places.keys() >= {f"way.{p}.{e.id}" for p in surface.line_weights(e)}
    ]
    shown.sort(key=lambda e: places[f"way.{surface.line_weights(e)[0]}.{e.id}"])
    if not shown:
        raise tab.fault(
            " shows the ways of runs, and none of them is there any more; restore their tabs, or "
            "delete this one too"
        )
    first = shown[0]
    for given in surface.fields(first):
        tab.place(given.key)
    for given in surface.window(first):
        if not isinstance(tab.grid.get(tab.place(given.key)), Formula):
            tab.number(given.key)
    grid = tab.table(
        {c.quantity for c in surface.grid_columns(first)}, "the loss over both weights"
    )
    if len(grid.rows) < surface.PLACES:
        raise tab.fault(
            f": its map has {len(grid.rows)} rows, need {surface.PLACES}; restore them, or "
            "generate the workbook again"
        )
    grid.rows = grid.rows[: surface.PLACES]
    names = {given.key for given in surface.positions(first)}
    above = tab.table(names, f"{surface.line_weights(first)[0]} of every column")
    fields = dict(tab.fields)
    fields |= {name: above.cell(name, 0) for name in names}
    path = tab.table({c.quantity for c in surface.path_columns(shown)}, "one row an epoch")
    ids = tuple(e.id for e in shown)
    return TabMap(tab.sheet, fields, {"grid": grid, "path": path}, follows=ids)
