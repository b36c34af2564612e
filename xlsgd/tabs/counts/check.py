"""Check a tab of counts: its shares by its counts, and its counts for what counts can be."""

from __future__ import annotations

import numpy as np

from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import compare_rows
from xlsgd.tabs.counts.columns import COLUMNS, SHARE
from xlsgd.tabs.examination import Examination
from xlsgd.training.trace import MEMBERS

__all__ = ["check_counts"]


def check_counts(work: Examination, maps: TabMap) -> None:
    """Check the tab of these maps."""
    tab, table = work.tabs[maps.sheet], maps.tables["counts"]
    tab.inputs |= {
        (row, table.columns[column.quantity])
        for row in table.rows
        for column in COLUMNS
        if column is not SHARE and column.quantity in table.columns
    }
    tab.check_patterns(table, [SHARE], work.writer(maps, "counts"), ranked(1))
    numbers = tab.numbers(table)
    runs, reached = numbers["runs"], numbers["reached"]
    for i, row in enumerate(table.rows):
        for key, most in (("runs", np.inf), ("reached", runs[i])):
            number, place = numbers[key][i], (row, table.columns[key])
            if not (0 <= number <= most and number == round(number)):
                reason = "is no count: need a whole number, 0 or greater" + (
                    f", and no more than the {runs[i]:g} runs" if key == "reached" else ""
                )
                tab.differ(place, (0, i, 0), key, "pattern", reason)
    with np.errstate(all="ignore"):
        shares = np.broadcast_to(reached / runs, (MEMBERS, len(table.rows)))
    for check in ("step", "run"):
        compare_rows(tab, check, maps, "counts", [SHARE], {SHARE.quantity: shares}, 1)
    work.notes.append(
        f"tab '{maps.sheet}': its counts are typed in, made by the commands beside them; what is "
        "checked is that they are counts, and their shares"
    )
