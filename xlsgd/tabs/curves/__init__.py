"""The curves tab: functions over one number side by side, and their slopes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.base.errors import SpecError
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.curves.columns import APART, BEGIN, MARKED, Tabulated, curve_columns, tabulated
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class CurvesTab(TabKind):
    """Functions that are looked at by themselves: losses over a prediction, a bend over x."""

    name = "curves"
    order = 6
    markers = {MARKED: (frozenset(("place", "value.1", "slope.1")),)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.curves):
            yield Planned((1, 100 + i), shown.sheet, shown.sheet, shown.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.curves.sheet import map_curves_tab

        plan = next(each for each in lesson.curves if each.sheet == tab.key)
        book.of(self.name)[tab.sheet] = map_curves_tab(plan)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.curves.sheet import draw_curves_tab

        plan = next(each for each in lesson.curves if each.sheet == tab.key)
        draw_curves_tab(sheet, plan, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        for tab in tabs[self.name]:
            shown = _found(tab)
            for key in (BEGIN, APART, *shown.given):
                tab.number(key)
            columns = [column.quantity for column in curve_columns(shown)]
            table = tab.table(columns, "functions over one number")
            found.maps.of(self.name)[tab.sheet] = TabMap(
                tab.sheet, tab.fields, {"curves": table}, can_shrink=False
            )

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        shown = _found(tab)
        return [tab.place(key) for key in (BEGIN, APART, *shown.given)]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.curves.check import check_curves

        for maps in work.found.maps.of(self.name).values():
            check_curves(work, maps)


def _found(tab: FoundTab) -> Tabulated:
    """Return what a tab says that it shows.  Raises WorkbookError for what cannot be read."""
    keys = [key for key in tab.fields if key.startswith("function.")]
    functions = [tab.text(f"function.{i}") for i in range(1, len(keys) + 1)]
    try:
        return tabulated(tab.text("over"), functions)
    except SpecError as error:
        raise tab.fault(f": {error}") from error


KIND = CurvesTab()
