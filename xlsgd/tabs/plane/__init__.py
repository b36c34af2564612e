"""The plane tab: the mean loss over two chosen weights as coloured cells, and the way over them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.mean_loss import applies
from xlsgd.tabs.plane.columns import GRID, MARKED, OF, PLACES, WAY, fields

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson
    from xlsgd.tabs.plane.plan import Plane

__all__ = ["KIND"]

_TYPED = ("across", "up", "after_epoch", "beside")


class PlaneTab(TabKind):
    """For nets with more than two weights: two move, the others stay where they are then."""

    name = "plane"
    order = 4
    looks_at = ("data", "training")
    markers = {MARKED: (GRID | WAY,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.planes):
            if applies(lesson.experiment(shown.experiment)):
                words = f"the loss of '{shown.experiment}' over two weights"
                yield Planned((3, len(lesson.views), 50 + i), shown.sheet, shown.sheet, words)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.plane.sheet import map_plane_tab

        shown = _shown(tab, lesson)
        book.of(self.name)[tab.sheet] = map_plane_tab(shown, lesson.experiment(shown.experiment))

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.plane.sheet import draw_plane_tab

        shown = _shown(tab, lesson)
        draw_plane_tab(sheet, shown, lesson.experiment(shown.experiment), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        for tab in tabs[self.name]:
            id = tab.choice(OF, [id for id, e in found.experiments.items() if applies(e)])
            for key in _TYPED[:2]:
                tab.choice(key, found.experiments[id].network.parameters)
            for key in _TYPED[2:]:
                tab.number(key)
            for given in fields(found.experiments[id]):
                tab.place(given.key)
            among = tab.table(GRID | {"place"}, "the loss over both weights")
            among.rows = among.rows[:PLACES]
            tables = {"grid": among, "way": tab.table(WAY, "one row an epoch")}
            found.maps.of(self.name)[tab.sheet] = TabMap(
                tab.sheet, tab.fields, tables, follows=(id,)
            )

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [place for key, place in tab.fields.items() if key in _TYPED]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.plane.check import check_plane

        for maps in work.found.maps.of(self.name).values():
            check_plane(work, maps)


def _shown(tab: Planned, lesson: Lesson) -> Plane:
    return next(shown for shown in lesson.planes if shown.sheet == tab.key)


KIND = PlaneTab()
