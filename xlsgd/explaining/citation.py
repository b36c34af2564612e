"""Which cell shows what an explanation speaks of, so that a learner can look."""

from __future__ import annotations

from xlsgd.base.cells import Position
from xlsgd.explaining.training import Training
from xlsgd.sheets.maps import address, quoted
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.validation.places import EPOCHS, KIND_NAME

__all__ = ["Citation", "OnTab"]


class Citation:
    """No cell at all, for experiments that are in no workbook."""

    def step(self, quantity: str, training: Training, step: int) -> str:
        """Return the cell of a quantity in the table of steps, as ``two!S31``, "" for none.

        In a step with several rows of the table it is the last of them.
        """
        return ""

    def unit(self, quantity: str, training: Training, step: int) -> str:
        """Return the cell of what a layer gives, in the last row of data that a step saw; "" for
        none."""
        return ""

    def epoch(self, quantity: str, epoch: int) -> str:
        """Return the cell of what rows that do not train come to after an epoch, 0 for the start;
        "" for none."""
        return ""

    def field(self, key: str) -> str:
        """Return the cell beside a key."""
        return ""


class OnTab(Citation):
    """The cells of a training tab."""

    def __init__(self, found: FoundWorkbook, experiment: str) -> None:
        self._found, self._experiment = found, experiment
        self._tab = found.maps.training[experiment]

    def step(self, quantity: str, training: Training, step: int) -> str:
        table = self._tab.tables["steps"]
        if quantity not in table.columns:
            return ""
        return _cell(self._tab.sheet, table.cell(quantity, int(training.last[step - 1])))

    def unit(self, quantity: str, training: Training, step: int) -> str:
        block = self._tab.tables.get(f"block.{training.epoch(step)}")
        if block is None or quantity not in block.columns:
            return self.step(quantity, training, step)
        return _cell(self._tab.sheet, block.cell(quantity, training.rows(step)[-1]))

    def epoch(self, quantity: str, epoch: int) -> str:
        tab = self._found.maps.of(KIND_NAME).get(self._experiment)
        return "" if tab is None else _cell(tab.sheet, tab.tables[EPOCHS].cell(quantity, epoch))

    def field(self, key: str) -> str:
        if key == "learning_rate":
            # On some tabs this cell shows what is typed in on another one.
            for tab in self._found.maps:
                if tab.sets_rates and self._experiment in tab.runs:
                    column = tab.tables["runs"].columns["learning_rate"]
                    return _cell(tab.sheet, (tab.runs[self._experiment], column))
        return _cell(self._tab.sheet, self._tab.fields[key])


def _cell(sheet: str, position: Position) -> str:
    return f"{quoted(sheet)}!{address(position)}"
