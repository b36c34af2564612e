"""The compare tab: runs side by side; on a rates tab their learning rates are typed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.cells import Grid, Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, Reference, TabMap, address, quoted
from xlsgd.tabs.compare.plan import COMPARE, EARLIER_COMPARE, EARLIER_RATES, RATES
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.sheets.charts import ChartSpec
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]

_RUNS = frozenset(("experiment", "verdict", "epochs_to_target", "steps_to_target"))


class CompareTab(TabKind):
    """All runs, or some of them, in one chart and two tables."""

    name = "compare"
    order = 5
    looks_at = ("data", "training")
    markers = {
        RATES: (_RUNS | {"limit_found"}, _RUNS | {"limit_full_batch"}),
        COMPARE: (_RUNS,),
        EARLIER_RATES: (),
        EARLIER_COMPARE: (),
    }
    heads = ("rates",)

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        # On the tab of an experiment: the cell where its rate is typed in beside others.
        own = next(id for id, each in book.training.items() if each is tab)
        for compare in book.of(self.name).values():
            if compare.sets_rates and own in compare.runs:
                place = compare.runs[own], compare.tables["runs"].columns[name]
                return f"{quoted(compare.sheet)}!{address(place, absolute=True)}"
        raise KeyError(f"rates.{name}")

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.compare_tabs):
            # What one begins with stands first.
            yield Planned((1 if shown.sets_rates else 4, i), shown.sheet, shown.sheet, shown.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.compare.sheet import map_compare_tab

        shown = next(s for s in lesson.compare_tabs if s.sheet == tab.key)
        book.of(self.name)[tab.sheet] = map_compare_tab(shown, lesson.experiments)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.compare.sheet import draw_compare_tab

        shown = next(s for s in lesson.compare_tabs if s.sheet == tab.key)
        draw_compare_tab(sheet, shown, lesson.experiments, book)

    def pictures(self, lesson: Lesson, book: BookMap) -> Iterable[ChartSpec]:
        from xlsgd.tabs.compare.sheet import losses_chart

        for shown in lesson.compare_tabs:
            # Where rates are typed in beside each other, what they lead to is the lesson.
            if shown.sets_rates:
                yield losses_chart(shown, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.compare.finding import find_compare

        for tab in sorted(tabs[self.name], key=lambda tab: tab.marker in (RATES, EARLIER_RATES)):
            found.maps.of(self.name)[tab.sheet] = find_compare(tab, found.experiments)

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [place for key, place in tab.fields.items() if key == "target_loss"]

    def remains(self, sheet: str, grid: Grid, maps: BookMap) -> tuple[str, str] | None:
        from xlsgd.tabs.compare.remains import remains

        return remains(sheet, grid, maps)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.compare.check import check_compare

        mine = work.found.maps.of(self.name)
        if not mine:
            work.notes.append(
                "no compare tab: xlsgd writes one into every workbook, and this file has none any "
                "more, so nothing of it was checked"
            )
        for maps in mine.values():
            check_compare(work, maps)


KIND = CompareTab()
