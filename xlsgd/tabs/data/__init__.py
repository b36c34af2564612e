"""The data tab: the rows that nets learn from, the one place that all other tabs read them from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.errors import WorkbookError
from xlsgd.data import Passengers
from xlsgd.sheets.maps import BookMap, Reference, Scope, TabMap, address, quoted
from xlsgd.sheets.markers import DATA, MARKER, PASSENGERS
from xlsgd.sheets.own_additions import looked_at
from xlsgd.sheets.reach import reach
from xlsgd.tabs.found import Found
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.layouts import layouts

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class _Fields(Scope):
    heads = ("passengers",)

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        data = book.data
        return f"{quoted(data.sheet)}!{address(data.fields[name], absolute=True)}"


class DataTab(TabKind):
    """Plain numbers, or raw columns and the inputs made of them by formulas."""

    name = "data"
    order = 1
    markers = {DATA: (), PASSENGERS: ()}
    scope = _Fields()
    unchecked = "data: taken as it is for both sides"

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        sheet = "passengers" if isinstance(lesson.data, Passengers) else "data"
        yield Planned((2,), "", sheet, lesson.data.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.passengers.sheet import map_passengers_tab
        from xlsgd.tabs.points.sheet import map_data_tab

        data = lesson.data
        book.data = (
            map_passengers_tab(data, tab.sheet)
            if isinstance(data, Passengers)
            else map_data_tab(data, tab.sheet)
        )

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.passengers.sheet import draw_passengers_tab
        from xlsgd.tabs.points.sheet import draw_data_tab

        if isinstance(lesson.data, Passengers):
            draw_passengers_tab(sheet, lesson.data, book)
        else:
            draw_data_tab(sheet, lesson.data, book.data)

    def find(self, tabs: FoundTabs, found: Found) -> None:
        from xlsgd.tabs.find_data import find_data, find_passengers

        training = tabs["training"]
        sources = looked_at(tabs[self.name], training)
        if len(sources) != 1 or not training:
            rows = next(iter(layouts().values())).marker
            raise WorkbookError(
                f"{found.file}: found {len(sources)} data tabs and {len(training)} training "
                f"tabs of xlsgd, need one and at least one; looked for cells '{MARKER}' with "
                f"'{DATA}' or '{rows}' beside them. Is this a workbook that xlsgd generated?"
            )
        source = sources[0]
        last = reach(source.sheet, [tab.grid for tab in training])
        given = (find_data if source.marker == DATA else find_passengers)(source, last, training)
        found.maps.data, found.faults = given.maps, given.faults
        found.data, found.shown = given.data, given.shown
        for tab in tabs[self.name]:
            if tab is not source:
                found.copies[tab.sheet] = source.sheet

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.forward_checks import check_passengers

        check_passengers(work.found, work.tabs)
        tab = work.tabs[work.found.maps.data.sheet]
        for position, reason in work.found.faults.items():
            tab.differ(position, (0, *position), "data", "pattern", reason)


KIND = DataTab()
