"""The first tab: the words of a lesson."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import EVERY_KIND, FoundTabs, Planned, TabKind, planned_tabs
from xlsgd.tabs.lesson.answers import HEADERS, MARKED

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class LessonTab(TabKind):
    """A question and its answers, what to change, what to watch, and where it all is.

    Where answers have cells to look at, their values stand here as formulas.
    """

    name = "lesson"
    order = 0
    looks_at = EVERY_KIND

    @property
    def markers(self) -> Mapping[str, Sequence[frozenset[str]]]:
        return {MARKED: (HEADERS,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        yield Planned((0,), "", "lesson", "")

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.lesson.sheet import map_lesson_tab

        if lesson.has_looks:
            book.of(self.name)[""] = map_lesson_tab(lesson, tab.sheet)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.lesson.sheet import draw_lesson_tab

        others = [other for kind, other in planned_tabs(lesson) if kind is not self]
        draw_lesson_tab(sheet, lesson, others, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        mine = found.maps.of(self.name)
        for tab in tabs[self.name]:
            if not found.is_copy(tab.sheet, mine.get("")):
                mine[""] = TabMap(tab.sheet, tab.fields)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.lesson.check import check_answers

        for maps in work.found.maps.of(self.name).values():
            check_answers(work, maps)


KIND = LessonTab()
