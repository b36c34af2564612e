"""The data tab: the rows that nets learn from, the one place that all other tabs read them from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.base.errors import WorkbookError
from xlsgd.data import Dataset
from xlsgd.data.schema import PLAIN
from xlsgd.data.schemas import data_markers
from xlsgd.sheets.found_tab import MARKER, FoundTab
from xlsgd.sheets.maps import BookMap, Reference, TabMap, address, quoted
from xlsgd.sheets.own_additions import looked_at
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.layouts import layouts

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


def _needs_data(tab: FoundTab) -> bool:
    return any(layout.needs_data for layout in layouts().values() if tab.marker in layout.markers)


class DataTab(TabKind):
    """Plain numbers, or raw columns and the inputs made of them by formulas."""

    name = "data"
    order = 1
    heads = ("fact",)
    unchecked = "data: taken as it is for both sides"

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        data = book.data
        return f"{quoted(data.sheet)}!{address(data.fields[name], absolute=True)}"

    @property
    def markers(self) -> Mapping[str, Sequence[frozenset[str]]]:
        return dict.fromkeys(data_markers(), ())

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        if not lesson.data.is_nothing:
            yield Planned((2,), "", lesson.data.schema.sheet, lesson.data.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.dataset.sheet import map_data_tab

        book.data = map_data_tab(lesson.data)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.dataset.sheet import draw_data_tab

        draw_data_tab(sheet, lesson.data, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.dataset.finding import find_data

        training = tabs["training"]
        if training and not tabs[self.name] and not any(map(_needs_data, training)):
            found.data = found.shown = Dataset.nothing()
            return
        sources = looked_at(tabs[self.name], training)
        if len(sources) != 1 or not training:
            rows = next(iter(layouts().values())).marker
            raise WorkbookError(
                f"{found.file}: found {len(sources)} data tabs and {len(training)} training "
                f"tabs of xlsgd, need one and at least one; looked for cells '{MARKER}' with "
                f"'{PLAIN}' or '{rows}' beside them. Is this a workbook that xlsgd generated?"
            )
        source = sources[0]
        find_data(found, source, training)
        for tab in tabs[self.name]:
            if tab is not source:
                found.copies[tab.sheet] = source.sheet

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        from xlsgd.tabs.dataset.finding import cells_below_headers, shared_cells

        return cells_below_headers(tab) | shared_cells(tab)

    def behind(self, experiment: str, maps: BookMap) -> Sequence[str]:
        # Where there is no data, there is no tab for it.
        return (maps.data.sheet,) if maps.data.sheet else ()

    def look_at_formulas(self, work: Examination, experiment: str) -> None:
        self.check(work)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.dataset.check import check_features

        if work.found.data.is_nothing:
            return
        check_features(work)
        tab = work.tabs[work.found.maps.data.sheet]
        for position, reason in work.found.faults.items():
            tab.differ(position, (0, *position), "data", "pattern", reason)


KIND = DataTab()
