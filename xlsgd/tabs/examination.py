"""A workbook under examination: its tabs, what torch has trained of it, and what was noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position, WorkbookFile
from xlsgd.base.progress import Progress
from xlsgd.checks.examined import ExaminedTab, Wanted
from xlsgd.checks.reading import Reading
from xlsgd.engines import Calculation
from xlsgd.report.compare import Tolerance
from xlsgd.sheets.maps import TabMap, formula_maker
from xlsgd.tabs.compare.columns import RunSummary
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.layouts.whole_runs import WholeRuns
from xlsgd.training.trace import Trace, Traces

if TYPE_CHECKING:
    from xlsgd.tabs.training.check import TrainingCheck

__all__ = ["OTHER", "Examination"]


OTHER = "other"
"""The kind of a tab that is none of xlsgd's."""
_NOT_OURS = "on a tab that is none of xlsgd's training tabs"


class Examination:
    """What the checks of all kinds of tabs share, and what they leave for those that come after.

    tabs: every tab of the workbook, by the name of its sheet.
    notes: sentences about what could not be checked.
    runs: what torch has trained already, for a workbook that is looked at several times.
    checks: the checks of training tabs, whose inputs have been found usable.
    trained: what torch has for every experiment by itself, until it has been checked.
    alone: of experiments whose weights other tabs show, the table of steps.
    last_steps: the number of the last step of every training tab.
    summaries: what tabs that show runs side by side will have to say, per check, experiment and
        member of the ensemble.
    foreign: the cells of inputs that formulas work out which are not xlsgd's.
    """

    def __init__(
        self,
        file: WorkbookFile,
        calculation: Calculation,
        found: FoundWorkbook,
        tolerance: Mapping[str, Tolerance],
        kinds: Mapping[str, str],
        runs: WholeRuns | None = None,
        progress: Progress | None = None,
    ) -> None:
        """kinds: every kind of tab, and why its cells are not compared that are not."""
        self.file, self.found = file, found
        self.tolerance, self.habits = tolerance, calculation.habits
        self.runs = WholeRuns() if runs is None else runs
        self.notes = [
            f"tab '{copy}' is a copy of '{tab}', which is checked; the copy is not"
            for copy, tab in found.copies.items()
        ]
        reading = Reading(file.book, found.maps, calculation.values)
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
        self.checks: Sequence[TrainingCheck] = ()
        self.trained: dict[str, Traces] = {}
        self.alone: dict[str, Trace] = {}
        self.last_steps: dict[str, int] = {}
        self.summaries: dict[str, dict[str, list[RunSummary]]] = {"step": {}, "run": {}}
        self.foreign: list[tuple[str, Position]] = []
        self._progress = progress

    def tell(self, done: int) -> None:
        """Say how many experiments torch is through with."""
        if self._progress is not None:
            self._progress("training in torch", done, len(self.found.experiments))

    def writer(self, maps: TabMap, table: str = "") -> Wanted:
        """Return what xlsgd writes for a template into the rows of a table of a tab."""
        return partial(formula_maker, book=self.found.maps, tab=maps, table=table)
