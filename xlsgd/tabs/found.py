"""What a workbook turned out to be."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

from xlsgd.base.cells import Position
from xlsgd.base.errors import WorkbookError
from xlsgd.data import Dataset
from xlsgd.sheets.maps import BookMap, TabMap, address, quoted
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment

__all__ = ["FoundWorkbook"]


@dataclass
class FoundWorkbook:
    """What a workbook turned out to be.

    file: its name, for messages.
    data: what torch trains on; shown: the same as the cells show it. They differ where inputs are
    formulas, and one of them is wrong.
    faults: cells of the data tab that no net learns from though they should, and why.
    gaps: of these, empty rows among the data: what follows from them is no number in a sheet, and
    torch trains without them.
    views: of the experiments, by id, with the values that stand in the cells now.
    copies: tabs that a learner has copied, with the tab that each shows again.
    inputs: cells from which inputs were read and that hold formulas.
    """

    file: str
    maps: BookMap
    data: Dataset = field(init=False)
    shown: Dataset = field(init=False)
    faults: dict[Position, str] = field(default_factory=dict)
    gaps: list[Position] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    inputs: list[tuple[str, Position]] = field(default_factory=list)

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments by id."""
        return {id: view.experiment for id, view in self.views.items()}

    def only(self, experiment: str) -> FoundWorkbook:
        """Return the same with one experiment and no other."""
        alone = copy(self)
        alone.views = {experiment: self.views[experiment]}
        return alone

    def need_whole_data(self) -> None:
        """Raise WorkbookError for an empty row among the data."""
        for gap in self.gaps:
            place = f"{quoted(self.maps.data.sheet)}!{address(gap)}"
            raise WorkbookError(f"{self.file}: {place}: {self.faults[gap]}")

    def is_copy(self, sheet: str, earlier: TabMap | None) -> bool:
        """Return whether a tab shows what an earlier one shows, and remember that it does."""
        if earlier is not None:
            self.copies[sheet] = earlier.sheet
        return earlier is not None
