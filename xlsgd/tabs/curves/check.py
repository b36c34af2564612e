"""Compare a tab of curves with torch's functions and autograd's slopes."""

from __future__ import annotations

from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import ROWS, compare_rows, number_in
from xlsgd.tabs.curves import columns as curves
from xlsgd.tabs.curves import torch_values
from xlsgd.tabs.examination import Examination

__all__ = ["check_curves"]


def check_curves(work: Examination, maps: TabMap) -> None:
    """Compare the tab of these maps."""
    tab, table = work.tabs[maps.sheet], maps.tables["curves"]
    functions = [key for key in maps.fields if key.startswith("function.")]
    texts = [str(tab.cells[maps.fields[f"function.{i + 1}"]]) for i in range(len(functions))]
    shown = curves.tabulated(str(tab.cells[maps.fields["over"]]), texts)
    typed = (curves.BEGIN, curves.APART, *shown.given)
    tab.inputs |= {maps.fields[key] for key in typed}
    numbers = {key: number_in(tab.cells.get(maps.fields[key])) for key in typed}
    columns = curves.curve_columns(shown)
    tab.check_patterns(table, columns, work.writer(maps, "curves"), ranked(ROWS))
    seen = tab.numbers(table)[shown.over]
    for check, x in (("step", seen), ("run", None)):
        rows = torch_values.values(shown, numbers, len(table.rows), x)
        compare_rows(tab, check, maps, "curves", columns, rows)
