"""A workbook under examination: its tabs, what checks leave for others, and what was noted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from xlsgd.base.cells import WorkbookFile
from xlsgd.base.progress import Progress
from xlsgd.checks.examined import ExaminedTab, Wanted
from xlsgd.checks.reading import FormulaReading
from xlsgd.engines import Calculation
from xlsgd.report.compare import Tolerance
from xlsgd.sheets.maps import TabMap, formula_maker
from xlsgd.tabs.found import FoundWorkbook

__all__ = ["OTHER", "Examination"]

Left = TypeVar("Left")

OTHER = "other"
"""The kind of a tab that is none of xlsgd's."""
_NOT_OURS = "on a tab that is none of xlsgd's training tabs"


class Examination:
    """What the checks of all kinds of tabs share, and what they leave for those that come after.

    tabs: every tab of the workbook, by the name of its sheet.
    notes: sentences about what could not be checked.
    """

    def __init__(
        self,
        file: WorkbookFile,
        calculation: Calculation,
        found: FoundWorkbook,
        tolerance: Mapping[str, Tolerance],
        kinds: Mapping[str, str],
        progress: Progress | None = None,
    ) -> None:
        """kinds: every kind of tab, and why its cells are not compared that are not."""
        self.file, self.found = file, found
        self.tolerance, self.habits = tolerance, calculation.habits
        self.notes = [
            f"tab '{copy}' is a copy of '{tab}', which is checked; the copy is not"
            for copy, tab in found.copies.items()
        ]
        reading = FormulaReading(file.book, found.maps, calculation.values)
        own = {tab.sheet: kind for kind, tabs in found.maps.by_kind() for tab in tabs}
        ranks = {kind: i for i, kind in enumerate((*kinds, OTHER))}
        self.tabs = {
            sheet: ExaminedTab(
                sheet,
                own.get(sheet, OTHER),
                grid,
                calculation.values[sheet],
                tolerance,
                reading,
                kinds.get(own.get(sheet, OTHER), _NOT_OURS),
            )
            for sheet, grid in file.book.sheets.items()
        }
        for tab in self.tabs.values():
            tab.report.order = ranks[tab.report.kind]
            tab.numbers_follow = bool(found.gaps) and tab.report.name != found.maps.data.sheet
        self._left: dict[type, Any] = {}
        self._progress = progress

    def of(self, kind: type[Left]) -> Left:
        """Return what the checks of one kind of tab leave for others, an object of their own.

        kind: its class; it is made when it is first asked for.
        """
        if kind not in self._left:
            self._left[kind] = kind()
        left: Left = self._left[kind]
        return left

    def tell(self, done: int) -> None:
        """Say how many experiments torch is through with."""
        if self._progress is not None:
            self._progress("training in torch", done, len(self.found.experiments))

    def writer(self, maps: TabMap, table: str = "") -> Wanted:
        """Return what xlsgd writes for a template into the rows of a table of a tab."""
        return partial(formula_maker, book=self.found.maps, tab=maps, table=table)
