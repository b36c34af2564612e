"""What becomes of formulas that are not written as xlsgd writes them: a mistake, or a note.

In a column each formula says of its row what the others say of theirs. One that does not is a
mistake. Where most of a column says something else, it is asked whether that gives the same
numbers for whatever stands in the cells: then it is written otherwise, and right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xlsgd.base.cells import Formula, Position
from xlsgd.checks.reading import Reading
from xlsgd.report.report import Difference, value_text
from xlsgd.sheets.maps import address

if TYPE_CHECKING:
    from xlsgd.checks.examined import ExaminedTab

__all__ = ["OddCell", "Wording"]

_SHOWN = 3
"""Columns that are written otherwise, told in full; of more only the number is told."""


class OddCell(NamedTuple):
    """A cell that does not hold what xlsgd writes there, or is to be looked at for that.

    right: what xlsgd writes.   order: when it is calculated.   step: of training.
    """

    position: Position
    right: str
    order: tuple[int, ...]
    step: int | None = None


class _Rewritten(NamedTuple):
    """A column that says the same in other words."""

    key: str
    cells: tuple[Position, ...]
    said: str
    right: str


class Wording:
    """Judges the formulas of a tab."""

    def __init__(self, tab: ExaminedTab, reading: Reading) -> None:
        self._tab, self._reading = tab, reading
        self._sheet = tab.report.name
        self._rewritten: list[_Rewritten] = []
        self._throughout: list[set[Position]] = []

    def judge_column(
        self,
        key: str,
        odd: Sequence[OddCell],
        cells: int,
        places: Mapping[int, int],
        pattern: bool = True,
    ) -> None:
        """Report the odd cells of a column.

        cells: how many there are in all.   places: row of the sheet to place in the table.
        pattern: whether all say the same of their rows.
        """
        said: dict[OddCell, Formula] = {}
        for cell in odd:
            content = self._tab.contents.get(cell.position)
            if isinstance(content, Formula):
                said[cell] = content
                continue
            shown = "nothing" if content is None else f"the constant {content!r:.60}"
            where = "its column has" if pattern else "xlsgd put"
            self._differ(key, cell, f"holds {shown} where {where} a formula")
        if 2 * len(said) > cells:
            self._judge_throughout(key, said, places)
            return
        for cell in said:
            reason = "does not follow the pattern of its column"
            self._differ(key, cell, reason if pattern else _something_else(cell.right))

    def _judge_throughout(
        self, key: str, said: Mapping[OddCell, Formula], places: Mapping[int, int]
    ) -> None:
        """Report a column most of which is not written as xlsgd writes it."""
        groups: dict[object, list[OddCell]] = {}
        for cell, content in said.items():
            form = self._reading.form(self._sheet, cell.position[0], content, places)
            groups.setdefault(form, []).append(cell)
        for cells in groups.values():
            meant = {c: self._reading.meaning(self._sheet, said[c], c.right) for c in cells}
            # In a single row a formula may be right that was filled down.
            if all(meaning.same for meaning in meant.values()):
                self._note(key, cells)
                continue
            self._throughout.append({cell.position for cell in cells})
            for cell, meaning in meant.items():
                self._differ(key, cell, _something_else(cell.right, meaning.example))

    def judge_first(self, key: str, cell: OddCell) -> None:
        """Report the first cell of a column that looks at the row above."""
        content = self._tab.contents.get(cell.position)
        if not isinstance(content, Formula):
            self.judge_column(key, [cell], 1, {})
        elif not self._reading.same(self._sheet, content, cell.right):
            reason = f"does not begin its column as xlsgd does, with {cell.right:.200}"
            self._differ(key, cell, reason)

    def judge_cell(self, key: str, cell: OddCell) -> None:
        """Report a single cell."""
        content = self._tab.contents.get(cell.position)
        if not isinstance(content, Formula):
            shown = value_text(self._tab.cells.get(cell.position))
            self._differ(key, cell, f"holds {shown} where xlsgd put a formula")
        elif not self._reading.same(self._sheet, content, cell.right):
            self._differ(key, cell, _something_else(cell.right))

    def _differ(self, key: str, cell: OddCell, reason: str) -> None:
        self._tab.differ(cell.position, cell.order, key, "pattern", reason, step=cell.step)

    # What is right all the same

    def _note(self, key: str, cells: Sequence[OddCell]) -> None:
        if cells:
            places = tuple(cell.position for cell in cells)
            said = str(self._tab.contents[places[0]])
            self._rewritten.append(_Rewritten(key, places, said, cells[0].right))

    def notes(self) -> list[str]:
        """Return sentences about the columns that are written otherwise."""
        told = []
        for key, cells, said, right in self._rewritten[:_SHOWN]:
            first, last = address(cells[0]), address(cells[-1])
            where = first if first == last else f"{first} to {last}"
            told.append(
                f"{self._sheet}!{where} ({key}): written otherwise, {said:.120} for xlsgd's "
                f"{right:.120}; both gave the same for all numbers tried in their cells"
            )
        more = len(self._rewritten) - len(told)
        if more:
            columns = "columns are" if more > 1 else "column is"
            told.append(f"{self._sheet}: {more} more {columns} written otherwise, and right")
        return told

    # The first wrong cell

    def ordered(
        self,
        wrong: Mapping[Position, Difference],
        order: Mapping[Position, tuple[int, ...]],
    ) -> list[Position]:
        """Return the wrong cells in the order in which they are told: that of calculation, but
        what says something else throughout and gives torch's numbers comes last.

        Where rows were inserted and formulas did not follow, all formulas that look at a field
        that has moved say something else; what gives wrong numbers is news before that.
        """
        still_right: set[Position] = set()
        for cells in self._throughout:
            if all(wrong[cell].torch_value is None for cell in cells):
                still_right |= cells
        if all(wrong[p].check in ("run", "stored") for p in wrong.keys() - still_right):
            still_right = set()
        return sorted(wrong, key=lambda p: (p in still_right, order[p]))


def _something_else(right: str, example: str = "") -> str:
    reason = f"says something else than xlsgd's formula, {right:.200}"
    return f"{reason}; {example}" if example else reason
