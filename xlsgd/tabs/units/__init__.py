"""The units tab: what every unit of a hidden layer adds to the sum that a net gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Formula, Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.units.columns import APART, BEGIN, COUNT, MARKED, WEIGHTS_OF

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.sheets.charts import ChartSpec
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson
    from xlsgd.tabs.units.plan import Units

__all__ = ["KIND"]


class UnitsTab(TabKind):
    """Curves of the units of a net of one input, by weights that are typed in or trained."""

    name = "units"
    order = 7
    looks_at = ("data", "training")
    markers = {MARKED: (frozenset(("unit", "into", "out", "unit.1", "sum")),)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        ids = [view.id for view in lesson.views]
        for i, plan in enumerate(lesson.units):
            place = (3, ids.index(plan.experiment), 1) if plan.experiment else (1, 200 + i)
            yield Planned(place, plan.sheet, plan.sheet, plan.title)

    def _plan(self, tab: Planned, lesson: Lesson) -> Units:
        return next(plan for plan in lesson.units if plan.sheet == tab.key)

    def pictures(self, lesson: Lesson, book: BookMap) -> Iterable[ChartSpec]:
        from xlsgd.tabs.units.sheet import chart_of

        return [chart_of(plan, lesson, book) for plan in reversed(lesson.units)]

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.units.sheet import map_units_tab

        book.of(self.name)[tab.key] = map_units_tab(self._plan(tab, lesson), lesson)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.units.sheet import draw_units_tab

        draw_units_tab(sheet, self._plan(tab, lesson), lesson, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.units.finding import find_units

        for tab in tabs[self.name]:
            found.maps.of(self.name)[tab.sheet] = find_units(tab, found)

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        from xlsgd.tabs.units.finding import hidden_on, weight_cells

        keys = [key for key in (COUNT, BEGIN, APART, WEIGHTS_OF.key) if key in tab.fields]
        typed = weight_cells(tab, hidden_on(tab)).values()
        return [
            *(tab.fields[key] for key in keys),
            *(place for place in typed if not isinstance(tab.grid.get(place), Formula)),
        ]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.units.check import check_units

        for maps in work.found.maps.of(self.name).values():
            check_units(work, maps)


KIND = UnitsTab()
