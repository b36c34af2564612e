"""The model tab: one forward pass over all rows of data, for weights at the top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, Reference, TabMap, address, quoted, range_in
from xlsgd.sheets.own_additions import looked_at
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.model.columns import EARLIER, MARKED, WEIGHTS_OF

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.data.schema import Words
    from xlsgd.sheets.charts import BarSpec
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class ModelTab(TabKind):
    """Weights of an experiment, what the net says of every row, and of a row to fill in."""

    name = "model"
    order = 3
    looks_at = ("data", "training")
    markers = {MARKED: (frozenset(("says", "pred", "unit")),), EARLIER: ()}
    heads = ("model",)

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        model = next(iter(book.of(self.name).values()))
        if name in model.fields:
            return f"{quoted(model.sheet)}!{address(model.fields[name], absolute=True)}"
        return f"{quoted(model.sheet)}!{range_in(model.tables['forward'], name)}"

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        asked = lesson.data.schema.words.question
        words = f"the forward pass for weights of your choice; {asked}"
        for i, e in enumerate(lesson.experiments):
            if e.id == lesson.model:
                yield Planned((3, i, 0), e.id, self.name, words)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.model.sheet import map_model_tab

        e = lesson.experiment(tab.key)
        book.of(self.name)[e.id] = map_model_tab(e, lesson.data, tab.sheet)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.model.sheet import draw_model_tab

        draw_model_tab(sheet, lesson.experiment(tab.key), lesson.data, book)

    def lends(self, experiment: str, words: Words, book: BookMap) -> Sequence[BarSpec]:
        from xlsgd.tabs.model.charts import histogram

        shown = book.of(self.name).get(experiment)
        return () if shown is None else (histogram(words, shown),)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.model.finding import find_model

        shown_first = looked_at(tabs[self.name], tabs["matrix"])
        mine = found.maps.of(self.name)
        for tab in sorted(tabs[self.name], key=lambda tab: tab not in shown_first):
            experiment = found.experiments[tab.choice("experiment", found.experiments)]
            if found.is_copy(tab.sheet, mine.get(experiment.id)):
                continue
            mine[experiment.id] = find_model(tab, experiment, found.data)

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        return [
            place
            for key, place in tab.fields.items()
            if key == WEIGHTS_OF.key or key.startswith("weight.")
        ]

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.model.check import check_model

        for id in work.found.maps.of(self.name):
            check_model(work, work.found.experiments[id])


KIND = ModelTab()
