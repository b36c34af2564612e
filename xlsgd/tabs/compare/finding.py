"""Find a tab with runs side by side again."""

from __future__ import annotations

from collections.abc import Mapping

from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.compare import columns as comparison
from xlsgd.tabs.compare.plan import EARLIER_COMPARE, EARLIER_RATES, RATES
from xlsgd.training.experiment import Experiment

__all__ = ["find_compare"]


def find_compare(tab: FoundTab, experiments: Mapping[str, Experiment]) -> TabMap:
    """Return the map of a tab.  experiments: all of the workbook, by id."""
    texts = texts_of(tab.grid)
    shown = [e for e in experiments if f"mean_loss.{e}" in texts.values()]
    reading = comparison.common_reading(experiments[e] for e in shown)
    runs_names = {c.quantity for c in comparison.runs_columns("", reading)}
    rates = comparison.common_rates(experiments[e] for e in shown)
    # Not every version has shown those of groups.
    runs = tab.table(runs_names, "one row a run", {*runs_names, *rates}.__contains__)
    names = {c.quantity for c in comparison.losses_columns(shown)}
    losses = tab.table(names, "one row an epoch")
    runs.rows = [row for row in runs.rows if row < losses.header_row]
    tab.number("target_loss")
    named: dict[object, int] = {}
    for row in runs.rows:
        named.setdefault(tab.value((row, runs.columns["experiment"])), row)
    return TabMap(
        tab.sheet,
        tab.fields,
        {"runs": runs, "losses": losses},
        runs={e: row for e, row in named.items() if isinstance(e, str)},
        sets_rates=tab.marker in (RATES, EARLIER_RATES),
        earlier_format=tab.marker in (EARLIER_COMPARE, EARLIER_RATES),
    )
