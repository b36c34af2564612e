"""The images tab: an image of the data, the weights of a net, and what it makes of the image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.images.columns import MARKED, SHOWN
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]

_LONGEST = 31
"""Characters that the name of a sheet may have."""


class ImagesTab(TabKind):
    """Coloured cells: an image that a yellow cell chooses, weights, and what layers give."""

    name = "images"
    order = 6
    looks_at = ("data", "training")
    markers = {MARKED: (frozenset((SHOWN, "before.loss", "after.loss")),)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, view in enumerate(lesson.views):
            if view.id in lesson.images:
                words = f"an image through '{view.id}', in coloured cells"
                yield Planned((3, i, 1), view.id, self._named(view.id, lesson), words)

    def _named(self, experiment: str, lesson: Lesson) -> str:
        alone = len(lesson.images) == 1
        return self.name if alone else f"{self.name} {experiment}"[:_LONGEST]

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.images.sheet import map_images_tab

        e = lesson.experiment(tab.key)
        book.of(self.name)[e.id] = map_images_tab(e, lesson.images[e.id], tab.sheet)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.images.sheet import draw_images_tab

        e = lesson.experiment(tab.key)
        draw_images_tab(sheet, lesson.view(e.id), lesson.images[e.id], lesson.data, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.images.finding import find_images

        mine = found.maps.of(self.name)
        for tab in tabs[self.name]:
            id = tab.choice("experiment", found.experiments)
            if not found.is_copy(tab.sheet, mine.get(id)):
                mine[id] = find_images(tab, found.experiments[id], found.data.rows)

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [tab.fields[SHOWN]] if SHOWN in tab.fields else []

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.images.check import check_images

        for id in work.found.maps.of(self.name):
            check_images(work, work.found.experiments[id])


KIND = ImagesTab()
