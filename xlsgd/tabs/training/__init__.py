"""The training tab: an experiment, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import Position
from xlsgd.base.errors import WorkbookError
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.layouts import layouts
from xlsgd.training.losses import losses
from xlsgd.training.optimizers import optimizers, searches
from xlsgd.training.schedules import get_schedule, schedules
from xlsgd.training.transforms import transforms

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]

_INPUTS = {"learning_rate", "gradient", "h", "batch_size", "exploded_above", "chart_limit"}


class TrainingTab(TabKind):
    """Fields at the left, charts beside them, then the tables of its layout."""

    name = "training"
    order = 2
    looks_at = ("data",)

    @property
    def markers(self) -> Mapping[str, Sequence[frozenset[str]]]:
        return {
            words: (layout.headers,) for layout in layouts().values() for words in layout.markers
        }

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        for i, view in enumerate(lesson.views):
            yield Planned((3, i, 2), view.id, view.id, view.title)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.training.sheet import map_training_tab

        view = lesson.view(tab.key)
        book.training[view.id] = map_training_tab(view, tab.sheet, lesson.data.rows)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.training.sheet import draw_training_tab

        draw_training_tab(sheet, lesson.view(tab.key), lesson.data, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.training.finding import find_training

        for tab in tabs[self.name]:
            try:
                view, tab_map = find_training(tab, found.data)
            except WorkbookError:
                found.need_whole_data()  # that comes first, where it is so
                raise
            if view.id in found.views:
                # A learner has copied the tab to try something: the copy goes by its tab's name.
                view = view.but(id=tab.sheet)
            found.views[view.id] = view
            found.maps.training[view.id] = tab_map

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        parts: list[Any] = [
            one
            for each in (optimizers(), searches(), schedules(), transforms(), losses())
            for one in each.values()
        ]
        if "schedule" in tab.fields:  # a chain has names of its own
            parts.append(get_schedule(tab.text("schedule")))
        keys = {given.key for one in parts for given in one.hyperparameters} | _INPUTS
        return [
            place
            for key, place in tab.fields.items()
            # Of a group, as learning_rate.head.
            if key.partition(".")[0] in keys or key.startswith("init.")
        ]

    def behind(self, experiment: str, maps: BookMap) -> Sequence[str]:
        return (maps.training[experiment].sheet,)

    def look_at_formulas(self, work: Examination, experiment: str) -> None:
        from xlsgd.tabs.training.check import TrainingCheck

        TrainingCheck(work, experiment).look_at_formulas()

    def prepare(self, work: Examination) -> None:
        from xlsgd.tabs.training.check import train

        train(work)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.training.check import check_all

        check_all(work)


KIND = TrainingTab()
