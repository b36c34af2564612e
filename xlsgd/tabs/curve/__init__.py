"""The curve tab: a function of one weight, and the ways that runs take down it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.curve.columns import FUNCTION_OF, HEADERS, MARKED, applies
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.sheets.charts import ChartSpec
    from xlsgd.tabs.curve.plan import ShownCurve
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class CurveTab(TabKind):
    """For two weights there is the tab ``surface``."""

    name = "curve"
    order = 4
    looks_at = ("data", "training")
    markers = {MARKED: (HEADERS,)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.descents):
            # The picture of what is gone down stands before the runs.
            yield Planned((1, i), shown.sheet, shown.sheet, shown.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.curve.sheet import map_curve_tab

        shown = _shown(tab, lesson)
        first = lesson.experiment(shown.experiments[0])
        book.of(self.name)[tab.sheet] = map_curve_tab(shown, first)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.curve.sheet import draw_curve_tab

        shown = _shown(tab, lesson)
        draw_curve_tab(sheet, shown, lesson.experiment(shown.experiments[0]), book)

    def pictures(self, lesson: Lesson, book: BookMap) -> Iterable[ChartSpec]:
        from xlsgd.tabs.curve.sheet import curve_chart

        for shown in lesson.descents:
            yield curve_chart(shown, lesson.experiment(shown.experiments[0]), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        for tab in tabs[self.name]:
            known = [id for id, e in found.experiments.items() if applies(e)]
            id = tab.choice(FUNCTION_OF, known)
            for key in ("from", "to", "where"):
                tab.number(key)
            table = tab.table(HEADERS, "one row a point")
            found.maps.of(self.name)[tab.sheet] = TabMap(
                tab.sheet, tab.fields, {"curve": table}, follows=(id,)
            )

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [place for key, place in tab.fields.items() if key in ("from", "to", "where")]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.curve.check import check_curve

        for maps in work.found.maps.of(self.name).values():
            check_curve(work, maps)


def _shown(tab: Planned, lesson: Lesson) -> ShownCurve:
    return next(shown for shown in lesson.descents if shown.sheet == tab.key)


KIND = CurveTab()
