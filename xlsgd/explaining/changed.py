"""Formulas that somebody has changed: the tab may be another net than the one torch trains.

An explanation is about the inputs of a tab and xlsgd's formulas. Where the tab has others, it must
not be told as if it were about the tab.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd.explaining.findings import ChangedColumn
from xlsgd.report.report import Difference
from xlsgd.report.tolerances import TOLERANCES
from xlsgd.sheets.maps import quoted
from xlsgd.tabs.kind import kinds
from xlsgd.verifying.accounts import finish
from xlsgd.verifying.opening import Opened
from xlsgd.verifying.verification import examination

__all__ = ["changed_columns", "trains_the_same"]

_WEIGHTS = ("param.", "new.")
"""What the quantities of weights begin with, before and after a step."""


def changed_columns(opened: Opened, experiment: str) -> tuple[ChangedColumn, ...]:
    """Return the columns and cells of a training tab, and of the inputs that it looks at, that do
    not hold xlsgd's formulas."""
    work = examination(opened, TOLERANCES)
    found: dict[str, list[Difference]] = {}
    for kind in kinds().values():
        kind.look_at_formulas(work, experiment)
        for sheet in kind.behind(experiment, opened.found.maps):
            tab = work.tabs[sheet]
            for difference in tab.finish().differences:
                if difference.cell in tab.edited:
                    found.setdefault(difference.quantity, []).append(difference)
    return tuple(_column(quantity, cells) for quantity, cells in found.items())


def trains_the_same(opened: Opened, experiment: str) -> bool:
    """Return whether the weights of a tab are those of xlsgd's formulas all the same.

    Every step has to land where torch's does, as verify asks.
    """
    work = examination(replace(opened, found=opened.found.only(experiment)), TOLERANCES)
    sheets: set[str] = set()
    for kind in kinds().values():
        behind = kind.behind(experiment, opened.found.maps)
        if behind:
            kind.prepare(work)
            kind.check(work)
            sheets.update(behind)
    # Of the tab of the experiment its weights count, of the tabs that it looks at everything.
    return not any(
        difference.torch_value is not None
        and (difference.quantity.startswith(_WEIGHTS) or sheet.experiment is None)
        for sheet in finish(work)
        if sheet.name in sheets
        for difference in sheet.differences
    )


def _column(quantity: str, cells: Sequence[Difference]) -> ChangedColumn:
    first = cells[0]
    content = first.formula
    if content is None:
        value = first.sheet_value
        content = (
            "nothing"
            if value is None
            else f"{value:g}"
            if isinstance(value, float)
            else (f"{value}")
        )
    return ChangedColumn(quantity, len(cells), f"{quoted(first.sheet)}!{first.cell}", content)
