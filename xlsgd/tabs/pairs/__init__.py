"""The pairs tab: what a net of two embeddings says of every pair, beside what was given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.base.errors import SpecError
from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.pairs.columns import MARKED, sides

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class PairsTab(TabKind):
    """A row for every value of one input, a column for every value of the other."""

    name = "pairs"
    order = 7
    looks_at = ("data", "training")
    markers = {MARKED: (frozenset(("place", "given.1", "pred.1", "count.1")),)}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, shown in enumerate(lesson.pairs):
            yield Planned((1, 200 + i), shown.experiment, shown.sheet, shown.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.pairs.sheet import map_pairs_tab

        plan = next(each for each in lesson.pairs if each.experiment == tab.key)
        book.of(self.name)[tab.key] = map_pairs_tab(plan, lesson)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.pairs.sheet import draw_pairs_tab

        plan = next(each for each in lesson.pairs if each.experiment == tab.key)
        draw_pairs_tab(sheet, plan, lesson, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.pairs.places import find_pairs

        mine = found.maps.of(self.name)
        for tab in tabs[self.name]:
            id = tab.text("experiment")
            if id not in found.experiments:
                raise tab.fault(
                    f": got the experiment '{id}', which no tab trains; restore that tab, or "
                    "delete this one too"
                )
            if found.is_copy(tab.sheet, mine.get(id)):
                continue
            experiment = found.experiments[id]
            try:
                two = sides(experiment, found.data.schema)
            except SpecError as error:
                raise tab.fault(f": {error}") from error
            mine[id] = find_pairs(tab, experiment, two)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.pairs.check import check_pairs

        for id in work.found.maps.of(self.name):
            check_pairs(work, work.found.experiments[id])


KIND = PairsTab()
