"""The matrix tab: the same forward pass, written as one product of matrices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import FoundTabs, Planned, TabKind
from xlsgd.tabs.matrix.columns import EARLIER, MARKED, applies

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["KIND"]


class MatrixTab(TabKind):
    """The weights of the model tab as a matrix, for nets whose forward pass is one product."""

    name = "matrix"
    order = 4
    looks_at = ("data", "training", "model")
    markers = {MARKED: (frozenset(("xw_1", "pred", "loss")),), EARLIER: ()}

    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        words = "the same forward pass as one product of matrices"
        for i, e in enumerate(lesson.experiments):
            if e.id == lesson.model and applies(e):
                yield Planned((3, i, 1), e.id, self.name, words)

    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.matrix.sheet import map_matrix_tab

        e = lesson.experiment(tab.key)
        book.of(self.name)[e.id] = map_matrix_tab(e, tab.sheet, lesson.data.rows)

    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        from xlsgd.tabs.matrix.sheet import draw_matrix_tab

        draw_matrix_tab(sheet, lesson.experiment(tab.key), lesson.data.rows, book)

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        from xlsgd.tabs.matrix.finding import find_matrix

        mine, models = found.maps.of(self.name), found.maps.of("model")
        for tab in tabs[self.name]:
            if not models:
                raise tab.fault(
                    " shows the weights of a model tab, and there is none; restore it, or delete "
                    "this tab too"
                )
            experiment = found.experiments[next(iter(models))]
            if found.is_copy(tab.sheet, mine.get(experiment.id)):
                continue
            mine[experiment.id] = find_matrix(tab, experiment, found.data.rows)

    def check(self, work: Examination) -> None:
        from xlsgd.tabs.matrix.check import check_matrix

        for id in work.found.maps.of(self.name):
            check_matrix(work, work.found.experiments[id])


KIND = MatrixTab()
