"""The first tab: the words of a lesson."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.kind import Planned, TabKind, planned_tabs

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class LessonTab(TabKind):
    """What the workbook shows, what to change, what to watch, and where it all is."""

    name = "lesson"
    order = 0

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        yield Planned((0,), "", "lesson", "")

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        return

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.lesson.sheet import draw_lesson_tab

        others = [other for kind, other in planned_tabs(lesson) if kind is not self]
        draw_lesson_tab(sheet, lesson, others, book)


KIND = LessonTab()
