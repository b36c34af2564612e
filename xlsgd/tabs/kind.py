"""What a kind of tab has to tell, and all kinds in the order in which they look at each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from xlsgd.base.cells import Grid, Position
from xlsgd.base.registry import find
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import BookMap, Scope
from xlsgd.sheets.own_additions import looks_at
from xlsgd.tabs.found import FoundWorkbook

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlsgd.data.schema import Words
    from xlsgd.sheets.charts import BarSpec, ChartSpec
    from xlsgd.tabs.examination import Examination
    from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["EVERY_KIND", "FoundTabs", "Planned", "TabKind", "kinds", "markers", "planned_tabs"]

FoundTabs = Mapping[str, Sequence[FoundTab]]
"""By the name of their kind, the tabs that a workbook has."""


EVERY_KIND = ("every kind",)
"""What a kind looks at that comes after all others."""


class Planned(NamedTuple):
    """A tab of a workbook to be.

    place: where it stands among the tabs: they are sorted by it.
    key: what it shows, such as the id of an experiment.
    words: what it is, for the list of tabs.
    """

    place: tuple[int, ...]
    key: str
    sheet: str
    words: str


class TabKind(Scope, ABC):
    """A kind of tab: what stands on it, where, and how it is found and drawn.

    As a scope it gives the names in templates of other tabs that stand for cells of such a tab.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    """Where it comes among kinds that do not look at each other."""
    looks_at: ClassVar[tuple[str, ...]] = ()
    """The kinds of tabs that its formulas look at; EVERY_KIND for all others."""

    def sees(self, kinds: Collection[str]) -> set[str]:
        """Return which of some kinds its formulas look at."""
        others = set(kinds) - {self.name}
        return others if self.looks_at == EVERY_KIND else others & set(self.looks_at)

    def lends(self, experiment: str, words: Words, book: BookMap) -> Sequence[BarSpec]:
        """Return charts of its tabs that the training tab of an experiment shows as well.

        words: about the data.
        """
        return ()

    def pictures(self, lesson: Lesson, book: BookMap) -> Iterable[ChartSpec]:
        """Yield the charts of its tabs that show what a lesson is about, if it begins with them."""
        return ()

    @property
    def markers(self) -> Mapping[str, Sequence[frozenset[str]]]:
        """The words that stand beside ``xlsgd`` on such a tab, each with sets of headers that no
        other tab has: they tell it where the words are gone."""
        return {}

    # Sheet side

    @abstractmethod
    def planned(self, lesson: Lesson) -> Iterable[Planned]:
        """Yield the tabs of this kind that a lesson has."""

    @abstractmethod
    def map(self, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        """Add to the book where everything goes."""

    @abstractmethod
    def draw(self, sheet: Worksheet, tab: Planned, lesson: Lesson, book: BookMap) -> None:
        """Write a tab."""

    def size(self, lesson: Lesson) -> tuple[int, int]:
        """Return how many formulas and columns of such tabs grow with the epochs of a lesson,
        besides those of the training tabs."""
        return 0, 0

    def fault(self, lesson: Lesson) -> str:
        """Return why such tabs of a lesson do not fit into a sheet, "" where they do."""
        return ""

    def find(self, tabs: FoundTabs, found: FoundWorkbook) -> None:
        """Find such tabs again, and add them to what was found.

        Raises WorkbookError for a tab that cannot be what it says it is.
        """
        return

    def inputs(self, tab: FoundTab) -> Iterable[Position]:
        """Yield the cells of such a tab that a reader types into."""
        return ()

    def behind(self, experiment: str, maps: BookMap) -> Sequence[str]:
        """Return the sheets of this kind by which an experiment is trained."""
        return ()

    def remains(self, sheet: str, grid: Grid, maps: BookMap) -> tuple[str, str] | None:
        """Return the words that a tab without any should have beside its marker, and what says
        so; None if it is none of this kind.

        Without marker and headers such a tab would pass for a reader's own, which nobody checks.
        A reader's own tab has other formulas, other words and another name.
        """
        tabs = dict(maps.by_kind())
        if sheet.lower() != self.name or any(tabs.get(self.name, ())):
            return None
        known = (tab for kind in self.sees(tabs) for tab in tabs[kind])
        found = any(looks_at(grid, tab.sheet) for tab in known)
        return (next(iter(self.markers)), "its name") if found else None

    # Where both sides meet

    unchecked: ClassVar[str] = "not one of xlsgd's fields or columns"
    """Why a formula cell of such a tab is not compared that is neither compared nor an input."""

    def prepare(self, work: Examination) -> None:
        """Do what has to be done before any tab is checked.

        Raises WorkbookError for an input that cannot be used.
        """
        return

    def look_at_formulas(self, work: Examination, experiment: str) -> None:
        """Name the cells that do not hold xlsgd's formulas on the tabs by which an experiment is
        trained, without training it."""
        return

    def check(self, work: Examination) -> None:
        """Compare the tabs of this kind; those that they look at have been compared."""
        return


@cache
def kinds() -> dict[str, TabKind]:
    """Return every kind of tab by its name, those first that others look at."""
    every: dict[str, TabKind] = find("xlsgd.tabs", "KIND", folders=True)
    ordered: dict[str, TabKind] = {}
    while len(ordered) < len(every):
        for name, kind in every.items():
            if name not in ordered and ordered.keys() >= kind.sees(every):
                ordered[name] = kind
                break
        else:
            raise ValueError(f"look at each other: {', '.join(every.keys() - ordered.keys())}")
    return ordered


def planned_tabs(lesson: Lesson) -> list[tuple[TabKind, Planned]]:
    """Return the tabs of a lesson's workbook with their kinds, from left to right."""
    tabs = [(kind, tab) for kind in kinds().values() for tab in kind.planned(lesson)]
    return sorted(tabs, key=lambda pair: pair[1].place)


def markers() -> dict[str, str]:
    """Return the words beside the marker of all kinds, and the name of the kind that has them."""
    return {words: kind.name for kind in kinds().values() for words in kind.markers}
