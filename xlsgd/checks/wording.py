"""What becomes of formulas that are not written as xlsgd writes them: a mistake, or a note.

Of a formula that does not say what xlsgd's says there it is asked whether it gives the same numbers
for whatever stands in the cells: then it is written otherwise, and right. Else it is a mistake.
In a column each formula says of its row what the others say of theirs: one that was changed has to
mean the same filled down as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xlsgd.base.cells import Formula, Position
from xlsgd.checks.meaning import Meaning
from xlsgd.checks.reading import FormulaReading
from xlsgd.report.report import Difference, value_text
from xlsgd.sheets.maps import address

if TYPE_CHECKING:
    from xlsgd.checks.examined import ExaminedTab

__all__ = ["FormulaWording", "OddCell"]

_SHOWN = 3
"""Formulas that are written otherwise, told in full; of more only the number is told."""

_PLACES = 5
"""Cells and stretches of a column that are named one by one."""


class OddCell(NamedTuple):
    """A cell that does not hold what xlsgd writes there, or is to be looked at for that.

    right: what xlsgd writes.   order: when it is calculated.   step: of training.
    """

    position: Position
    right: str
    order: tuple[int, ...]
    step: int | None = None


class _Rewritten(NamedTuple):
    """Cells of a column that say the same in other words.

    where: their addresses.   provided: what has to hold for that.
    """

    key: str
    where: str
    said: str
    right: str
    provided: str


class FormulaWording:
    """Judges the formulas of a tab."""

    def __init__(self, tab: ExaminedTab, reading: FormulaReading) -> None:
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
        groups: dict[object, list[OddCell]] = {}
        for cell, content in said.items():
            form = self._reading.form(self._sheet, cell.position[0], content, places)
            groups.setdefault(form, []).append(cell)
        for group in groups.values():
            # Of what most rows say is seen in those rows what it is filled down.
            filled = 2 * len(group) > cells
            self._judge_group(key, {cell: said[cell] for cell in group}, filled, places)
            if 2 * len(said) > cells and group[0].position in self._tab.wrong:
                self._throughout.append({cell.position for cell in group})

    def _judge_group(
        self, key: str, said: Mapping[OddCell, Formula], filled: bool, places: Mapping[int, int]
    ) -> None:
        """Report formulas of a column that say the same of their rows, and not what xlsgd's say.

        filled: whether they need not be asked what they would say in other rows.
        """
        sheet = self._sheet
        meant = {
            cell: self._reading.meaning(sheet, content, cell.right)
            if filled
            else self._reading.meaning_in_row(sheet, cell.position[0], content, cell.right, places)
            for cell, content in said.items()
        }
        if all(meaning.same for meaning in meant.values()):
            self._note(key, said, next(iter(meant.values())), places)
            return
        for cell, meaning in meant.items():
            self._differ(key, cell, _something_else(cell.right, meaning.example))

    def judge_first(self, key: str, cell: OddCell) -> None:
        """Report the first cell of a column that looks at the row above."""
        content = self._tab.contents.get(cell.position)
        if not isinstance(content, Formula):
            self.judge_column(key, [cell], 1, {})
        elif not self._reading.same(self._sheet, content, cell.right):
            reason = f"does not begin its column as xlsgd does, with {cell.right:.200}"
            self._judge_alone(key, cell, content, reason)

    def judge_cell(self, key: str, cell: OddCell) -> None:
        """Report a single cell."""
        content = self._tab.contents.get(cell.position)
        if not isinstance(content, Formula):
            shown = value_text(self._tab.cells.get(cell.position))
            self._differ(key, cell, f"holds {shown} where xlsgd put a formula")
        elif not self._reading.same(self._sheet, content, cell.right):
            self._judge_alone(key, cell, content, _something_else(cell.right))

    def _judge_alone(self, key: str, cell: OddCell, said: Formula, reason: str) -> None:
        """Report a cell that is not filled down."""
        meaning = self._reading.meaning(self._sheet, said, cell.right)
        if meaning.same:
            self._note(key, {cell: said}, meaning, {})
        else:
            self._differ(key, cell, _with(reason, meaning.example))

    def _differ(self, key: str, cell: OddCell, reason: str) -> None:
        self._tab.differ(cell.position, cell.order, key, "pattern", reason, step=cell.step)

    # What is right all the same

    def _note(
        self,
        key: str,
        said: Mapping[OddCell, Formula],
        meaning: Meaning,
        places: Mapping[int, int],
    ) -> None:
        first = next(iter(said))
        where = _addresses([cell.position for cell in said], places)
        self._rewritten.append(
            _Rewritten(key, where, str(said[first]), first.right, meaning.provided)
        )

    def notes(self) -> list[str]:
        """Return sentences about what is written otherwise."""
        told = []
        for key, where, said, right, provided in self._rewritten[:_SHOWN]:
            numbers = "numbers tried in their cells"
            numbers += f" that have {provided}" if provided else ""
            told.append(
                f"{self._sheet}!{where} ({key}): written otherwise, {said:.120} for xlsgd's "
                f"{right:.120}; both gave the same for all {numbers}"
            )
        more = len(self._rewritten) - len(told)
        if more:
            formulas = "formulas are" if more > 1 else "formula is"
            told.append(f"{self._sheet}: {more} more {formulas} written otherwise, and right")
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
    return _with(f"says something else than xlsgd's formula, {right:.200}", example)


def _with(reason: str, example: str) -> str:
    return f"{reason}; {example}" if example else reason


def _addresses(cells: Sequence[Position], places: Mapping[int, int]) -> str:
    """Return the addresses of cells of a column, those of neighbours as one."""
    stretches: list[list[Position]] = []
    for cell in cells:
        place = places.get(cell[0], 0)
        if stretches and place and places.get(stretches[-1][-1][0]) == place - 1:
            stretches[-1].append(cell)
        else:
            stretches.append([cell])
    shown = [
        address(first) if first == last else f"{address(first)} to {address(last)}"
        for first, *_, last in ([*s[:1], *s] for s in stretches[:_PLACES])
    ]
    more = sum(map(len, stretches[_PLACES:]))
    return ", ".join(shown) + (f" and {more} more" if more else "")
