"""Do the values beside the answers come from the cells of which the answers speak?"""

from __future__ import annotations

from xlsgd.base.cells import CellError, Position, Uncomputed
from xlsgd.checks.examined import ExaminedTab
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.lesson.answers import cells_meant, looks_of

__all__ = ["check_answers"]


def check_answers(work: Examination, maps: TabMap) -> None:
    """Look at the formula beside every answer, and compare its value with what torch has for the
    cell that it looks at; with what stands there, for an input."""
    tab = work.tabs[maps.sheet]
    for number, (key, look) in enumerate(looks_of(maps.fields).items()):
        place, order = maps.fields[key], (number, 0, 0)
        meant = list(cells_meant(look, work.found.maps, maps.sheet))
        if not meant:
            if not isinstance(tab.cells.get(place), CellError | Uncomputed):
                reason = f"stands beside an answer about {look}, which this workbook does not have"
                tab.differ(place, order, key, "pattern", reason)
            continue  # its tab has been deleted, and the cell says so
        said = next((one for one in meant if tab.says(place, one[0])), meant[0])
        formula, sheet, cell = said
        tab.check_formula(place, order, key, formula)
        there = work.tabs[sheet]
        expected = _expected(there, cell)
        tab.compare_fields("run", {key: place}, {key: expected}, number)


def _expected(there: ExaminedTab, position: Position) -> list[float | str]:
    """Return what a cell should hold, and what it holds where that is as right.

    That a cell shows no number is nan. What is wrong with it is told of the cell itself.
    """
    value = there.cells.get(position)
    shown = value if isinstance(value, float | str) else float("nan")
    known = there.torch_value(position)
    return [shown] if known is None or position in there.wrong else [known, shown]
