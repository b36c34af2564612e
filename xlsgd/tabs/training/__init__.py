"""The training tab: an experiment, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.layouts import layouts

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class TrainingTab(TabKind):
    """Fields at the left, charts beside them, then the tables of its layout."""

    name = "training"
    order = 2
    looks_at = ("data",)

    @property
    def markers(self) -> Mapping[str, Sequence[frozenset[str]]]:
        return {
            words: (layout.headers,) for layout in layouts().values() for words in layout.markers
        }

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, view in enumerate(lesson.views):
            yield Planned((3, i, 2), view.id, view.id, view.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.training.sheet import map_training_tab

        view = lesson.view(tab.key)
        book.training[view.id] = map_training_tab(view, tab.sheet, lesson.data.rows)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.training.sheet import draw_training_tab

        draw_training_tab(sheet, lesson.view(tab.key), lesson.data, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.training.finding import find_training

        for tab in tabs[self.name]:
            view, tab_map = find_training(tab, found.data)
            if view.id in found.views:
                # A learner has copied the tab to try something: the copy goes by its tab's name.
                view = view.but(id=tab.sheet)
            found.views[view.id] = view
            found.maps.training[view.id] = tab_map

    def prepare(self, work: Examination) -> None:
        from xlsgd.tabs.training.check import train

        train(work)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.training.check import check_all

        check_all(work)


KIND = TrainingTab()
