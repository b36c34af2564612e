"""The bowl tab: how much the mean loss bends, and the largest learning rate that this allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.bowl.columns import MARKED, applies, field_of, fields
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson
    from xlsgd.training.experiment import Experiment

__all__ = ["KIND"]


class BowlTab(TabKind):
    """For three weights of which a prediction is a sum."""

    name = "bowl"
    order = 4
    looks_at = ("data", "training")

    @property
    def markers(self) -> dict[str, Sequence[frozenset[str]]]:
        return {MARKED: ()}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        if _shown(lesson):
            words = "how steep the loss is, and which rate that allows"
            yield Planned((3, len(lesson.views), 0), "", self.name, words)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.bowl.sheet import map_bowl_tab

        book.of(self.name)[tab.sheet] = map_bowl_tab(_shown(lesson), tab.sheet)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.bowl.sheet import draw_bowl_tab

        draw_bowl_tab(sheet, _shown(lesson), book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        mine = found.maps.of(self.name)
        for tab in tabs[self.name]:
            if found.is_copy(tab.sheet, next(iter(mine.values()), None)):
                continue
            texts = {content for content in tab.grid.values() if isinstance(content, str)}
            ids = [
                id
                for id, e in found.experiments.items()
                if applies(e) and field_of(e, "steepest") in texts
            ]
            if not ids:
                raise tab.fault(
                    " says how steep the loss of runs is, and none of them is there any more; "
                    "restore their tabs, or delete this one too"
                )
            places = dict(tab.fields)
            for id in ids:
                places |= _beside(tab.grid, [g.key for g in fields(found.experiments[id])])
            maps = TabMap(tab.sheet, places, follows=tuple(ids))
            for id in ids:
                for given in fields(found.experiments[id]):
                    if given.key not in places:
                        tab.place(given.key)
            mine[tab.sheet] = maps

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.bowl.check import check_bowl

        for maps in work.found.maps.of(self.name).values():
            check_bowl(work, maps)


def _beside(grid: object, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the cells to the right of keys."""
    assert isinstance(grid, dict)
    wanted = set(keys)
    found = {}
    for (row, column), content in grid.items():
        if isinstance(content, str) and content in wanted:
            right = min((c for r, c in grid if r == row and c > column), default=column + 1)
            found[content] = (row, right)
    return found


def _shown(lesson: Lesson) -> list[Experiment]:
    return [e for e in lesson.experiments if e.id in lesson.bowls and applies(e)]


KIND = BowlTab()
