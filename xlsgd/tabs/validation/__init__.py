"""The validation tab: what rows that do not train say of the weights after every epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Grid, Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap
from xlsgd.sheets.own_additions import looks_at
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.validation.columns import EARLIER, HEADERS, MARKED
from xlsgd.tabs.validation.places import KIND_NAME

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]

_LONGEST = 31
"""Characters that the name of a sheet may have."""


class ValidationTab(TabKind):
    """The losses of both kinds of rows, epoch by epoch, and the rows that validate."""

    name = KIND_NAME
    order = 5
    looks_at = ("data", "training")
    markers = {MARKED: (HEADERS,), EARLIER: ()}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        held = lesson.data.validation
        if held is None:
            return
        rows = f"{held.rows:,} {'row' if held.rows == 1 else 'rows'}"
        words = f"the loss of {rows} that {'does' if held.rows == 1 else 'do'} not train"
        alone = len(lesson.views) == 1
        for i, view in enumerate(lesson.views):
            yield Planned((3, i, 3), view.id, self.name if alone else _named(view.id), words)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.validation.sheet import map_validation_tab

        mine = book.of(self.name)
        e = lesson.experiment(tab.key)
        mine[e.id] = map_validation_tab(e, lesson.data, tab.sheet, has_cases=not mine)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.validation.sheet import draw_validation_tab

        draw_validation_tab(sheet, lesson.experiment(tab.key), lesson.data, book)

    def size(self, lesson: Lesson) -> tuple[int, int]:
        from xlsgd.tabs.validation.size import size_of_validation

        return size_of_validation(lesson)

    def fault(self, lesson: Lesson) -> str:
        from xlsgd.tabs.validation.size import fault_of_validation

        return fault_of_validation(lesson)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.validation.finding import find_validation

        find_validation(tabs[self.name], found)

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        from xlsgd.tabs.validation.finding import cells_typed_in

        return cells_typed_in(tab)

    def remains(self, sheet: str, grid: Grid, maps: BookMap) -> tuple[str, str] | None:
        # Beside others of its kind it is called after the experiment.
        known = [maps.data, *maps.training.values()]
        if sheet in map(_named, maps.training) and any(looks_at(grid, t.sheet) for t in known):
            return MARKED, "its name"
        return super().remains(sheet, grid, maps)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.validation.check import check_validation

        for id in work.found.maps.of(self.name):
            check_validation(work, work.found.experiments[id])


def _named(experiment: str) -> str:
    """Return the name of the tab of one of several experiments."""
    return f"{KIND_NAME} {experiment}"[:_LONGEST]


KIND = ValidationTab()
