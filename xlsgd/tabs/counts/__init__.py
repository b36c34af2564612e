"""The counts tab: of many runs, how many got there, by which command that was counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.counts.columns import HEADERS, MARKED, NUMBERS
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.counts.plan import Counts
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class CountsTab(TabKind):
    """What one workbook cannot show: what became of a thousand runs."""

    name = "counts"
    order = 6
    markers = {MARKED: (HEADERS,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.counts):
            yield Planned((5, i), shown.sheet, shown.sheet, shown.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.counts.sheet import map_counts_tab

        book.of(self.name)[tab.sheet] = map_counts_tab(_shown(tab, lesson))

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.counts.sheet import draw_counts_tab

        draw_counts_tab(sheet, _shown(tab, lesson), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        for tab in tabs[self.name]:
            table = tab.table(NUMBERS, "one row for everything that was counted")
            found.maps.of(self.name)[tab.sheet] = TabMap(tab.sheet, tab.fields, {"counts": table})

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.counts.check import check_counts

        for maps in work.found.maps.of(self.name).values():
            check_counts(work, maps)


def _shown(tab: Planned, lesson: Lesson) -> Counts:
    return next(shown for shown in lesson.counts if shown.sheet == tab.key)


KIND = CountsTab()
