"""The surface tab: the mean loss over two weights, and the ways that runs take down it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.surface.columns import HEADERS, MARKED

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class SurfaceTab(TabKind):
    """Coloured cells, one for a pair of weights; over them a line for every run."""

    name = "surface"
    order = 4
    looks_at = ("data", "training")
    markers = {MARKED: (HEADERS,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        from xlsgd.tabs.surface.columns import shown_on

        if shown_on(lesson):
            yield Planned((3, len(lesson.views)), "", self.name, "the loss over both weights")

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.surface.columns import shown_on
        from xlsgd.tabs.surface.sheet import map_surface_tab

        book.of(self.name)[tab.sheet] = map_surface_tab(shown_on(lesson), tab.sheet)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.surface.columns import shown_on
        from xlsgd.tabs.surface.sheet import draw_surface_tab

        draw_surface_tab(sheet, shown_on(lesson), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.surface.finding import find_surface

        mine = found.maps.of(self.name)
        for tab in tabs[self.name]:
            earlier = next(iter(mine.values()), None)
            if not found.is_copy(tab.sheet, earlier):
                mine[tab.sheet] = find_surface(tab, found.experiments)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.surface.check import check_surface

        for maps in work.found.maps.of(self.name).values():
            check_surface(work, maps)


KIND = SurfaceTab()
