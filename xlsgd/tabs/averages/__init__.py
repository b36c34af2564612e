"""The averages tab: a signal and its running averages, as momentum keeps them of slopes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.averages.columns import HEADERS, MARKED, columns, inputs, measured
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.averages.plan import Averages
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]

_INPUTS = ("share", "settled", "omega")


class AveragesTab(TabKind):
    """Of a wave: how much of it is left, and how late it comes, by a formula and as measured."""

    name = "averages"
    order = 6
    markers = {MARKED: (HEADERS,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.averages):
            yield Planned((1, i), shown.sheet, shown.sheet, shown.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.averages.sheet import map_averages_tab

        book.of(self.name)[tab.sheet] = map_averages_tab(_shown(tab, lesson))

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.averages.sheet import draw_averages_tab

        draw_averages_tab(sheet, _shown(tab, lesson), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        for tab in tabs[self.name]:
            wave = "omega" in tab.fields
            for given in inputs(0, 0 if wave else None, 0):
                tab.number(given.key)
            for given in measured(wave):
                tab.place(given.key)
            names = {column.quantity for column in columns(wave)}
            table = tab.table(names, "one row a slope")
            found.maps.of(self.name)[tab.sheet] = TabMap(tab.sheet, tab.fields, {"signals": table})

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [place for key, place in tab.fields.items() if key in _INPUTS]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.averages.check import check_averages

        for maps in work.found.maps.of(self.name).values():
            check_averages(work, maps)


def _shown(tab: Planned, lesson: Lesson) -> Averages:
    return next(shown for shown in lesson.averages if shown.sheet == tab.key)


KIND = AveragesTab()
