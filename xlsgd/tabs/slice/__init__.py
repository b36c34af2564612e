"""The slice tab: the mean loss over one weight as a curve, its tangent, and the step along it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.mean_loss import applies
from xlsgd.tabs.slice.columns import HEADERS, MARKED, OF, follow

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson
    from xlsgd.tabs.slice.plan import Slice

__all__ = ["KIND"]

_TYPED = ("weight", "after_epoch", "beside")


class SliceTab(TabKind):
    """One weight moves, the others stay where they are after some epoch."""

    name = "slice"
    order = 4
    looks_at = ("data", "training")
    markers = {MARKED: (HEADERS,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.slices):
            if applies(lesson.experiment(shown.experiment)):
                words = f"the loss of '{shown.experiment}' over one weight"
                yield Planned((3, len(lesson.views), 1 + i), shown.sheet, shown.sheet, words)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.slice.sheet import map_slice_tab

        shown = _shown(tab, lesson)
        book.of(self.name)[tab.sheet] = map_slice_tab(shown, lesson.experiment(shown.experiment))

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.slice.sheet import draw_slice_tab

        shown = _shown(tab, lesson)
        draw_slice_tab(sheet, shown, lesson.experiment(shown.experiment), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        for tab in tabs[self.name]:
            id = tab.choice(OF, [id for id, e in found.experiments.items() if applies(e)])
            tab.choice("weight", found.experiments[id].network.parameters)
            for key in _TYPED[1:]:
                tab.number(key)
            for given in follow(found.experiments[id]):
                tab.place(given.key)
            table = tab.table(HEADERS, "one row a point")
            found.maps.of(self.name)[tab.sheet] = TabMap(
                tab.sheet, tab.fields, {"slice": table}, follows=(id,)
            )

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [place for key, place in tab.fields.items() if key in _TYPED]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.slice.check import check_slice

        for maps in work.found.maps.of(self.name).values():
            check_slice(work, maps)


def _shown(tab: Planned, lesson: Lesson) -> Slice:
    return next(shown for shown in lesson.slices if shown.sheet == tab.key)


KIND = SliceTab()
