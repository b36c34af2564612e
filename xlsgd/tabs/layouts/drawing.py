"""What a layout has to draw on a training tab besides its tables: charts, colours, numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.charts import BarSpec, ChartPlace
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.view import View
from xlsgd.training.nets.silence import Silence

__all__ = ["Colour", "Drawing"]


class Colour(NamedTuple):
    """Cells that change their colour where a formula is true.

    where: their addresses.   ink, fill: names of colours, or a colour.
    """

    where: str
    formula: str
    ink: str
    fill: str
    bold: bool = False


class Drawing(ABC):
    """How a layout looks."""

    folds: ClassVar[Mapping[str, str]] = {}
    """Tables beside those of steps and epochs that are folded away, and the words for the fold."""

    def heading(self, table: str) -> str:
        """Return what stands before the words above the first columns of a table."""
        return ""

    def has_notes(self, table: str) -> bool:
        """Return whether the headers of a table have notes."""
        return True

    def draw_numbers(self, sheet: Worksheet, tab: TabMap) -> None:
        """Write what stands beside the tables."""
        return

    @abstractmethod
    def silent_units(self, units: Mapping[str, Silence], tab: TabMap) -> Iterator[Colour]:
        """Yield the colours of units that are silent, and of those that stay so."""

    @abstractmethod
    def draw_charts(
        self,
        sheet: Worksheet,
        places: Sequence[ChartPlace],
        view: View,
        book: BookMap,
        lent: Sequence[BarSpec],
    ) -> None:
        """Draw the charts.  places: for as many as there is room.   lent: by other tabs."""

    @abstractmethod
    def draw_picture(self, sheet: Worksheet, place: ChartPlace, view: View, book: BookMap) -> None:
        """Draw the one chart that shows best, on another tab, what is learned."""
