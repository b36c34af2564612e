"""What a formula sees: in one cell, or in all cells of a stretch at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.formula.r1c1 import Slot
from xlsgd.graph.cells import Cell
from xlsgd.graph.frame import Place
from xlsgd.graph.store import Key, cells_from
from xlsgd.graph.values import Array, ByCell, Erroneous, Value, block_of, number

if TYPE_CHECKING:
    from torch import Tensor

    from xlsgd.graph.evaluate import Evaluation
    from xlsgd.graph.runs import Run

__all__ = ["Needs", "Several", "Single"]

_FEW = 4
"""Cells of a column that are sooner taken one by one."""


class Needs(Exception):
    """Another cell that has to be calculated first."""

    def __init__(self, cell: Key) -> None:
        super().__init__(cell)
        self.cell = cell


class Single:
    """The operands of a formula in one cell after the other."""

    def __init__(self, evaluation: Evaluation, sheet: str, slots: Sequence[Slot]) -> None:
        self.evaluation = evaluation
        self.samples = evaluation.samples
        self.names: dict[str, Value] = {}
        self.slots = slots
        self.cell = Cell(sheet, 0, 0)
        self._row = self._column = 0
        self._known = evaluation.values.single
        # Of cells, the usual operands: sheet, row and column, whether they are the same everywhere.
        self._places = [
            (slot.sheet or sheet, *slot.corners[0], *slot.corners[1])
            if slot.kind == "cell"
            else None
            for slot in slots
        ]

    def moved(self, cell: Cell) -> Single:
        """Return this frame for the formula in another cell."""
        self.cell = cell
        _, self._row, self._column = cell
        return self

    def operand(self, number: int) -> Value:
        place = self._places[number]
        if place is not None:
            sheet, row_fixed, row, column_fixed, column = place
            key = (
                sheet,
                row if row_fixed else self._row + row,
                column if column_fixed else self._column + column,
            )
            found = self._known.get(key)
            return self.evaluation.at(key, self.cell) if found is None else found
        slot = self.slots[number]
        if slot.kind in ("row", "column"):
            area = slot.at(self._row, self._column)
            return float(area[0 if slot.kind == "row" else 1])
        return self.area(self.place(number))

    def place(self, number: int) -> Place:
        slot = self.slots[number]
        return slot.sheet or self.cell.sheet, slot.at(self._row, self._column)

    def crossing(self, place: Place) -> Value:
        sheet, (top, left, bottom, right) = place
        if left == right and top <= self._row <= bottom:
            return self.evaluation.at((sheet, self._row, left), self.cell)
        if top == bottom and left <= self._column <= right:
            return self.evaluation.at((sheet, top, self._column), self.cell)
        raise Erroneous("#VALUE!", "a range stands where one cell is needed")

    def area(self, place: Place) -> Value:
        return area_of(self.evaluation, place, self.cell)

    def chosen(self, place: Place, row: Value, column: Value) -> Value:
        raise ByCell


def area_of(evaluation: Evaluation, place: Place, asker: Cell) -> Value:
    """Return the values of an area, or of its one cell."""
    sheet, area = place
    top, left, bottom, right = area
    if top == bottom and left == right:
        return evaluation.at((sheet, top, left), asker)
    known = evaluation.blocks.get(place)
    if known is not None:
        return known
    top, left, bottom, right = evaluation.cells.used(sheet, area)
    rows, columns = bottom - top + 1, right - left + 1
    block = None
    if max(rows, columns) >= _FEW:
        # As many numbers at once as possible: the longer way first.
        down = rows >= columns
        ways = range(left, right + 1) if down else range(top, bottom + 1)
        runs: list[Tensor] = []
        for way in ways:
            first = (sheet, top, way) if down else (sheet, way, left)
            run = numbers_of(evaluation, first, rows if down else columns, down, asker)
            if run is None:
                break
            runs.append(run)
        if len(runs) == len(ways):
            block = Array(tensor=side_by_side(runs, down))
    if block is None:
        block = block_of(
            [
                [evaluation.at((sheet, r, c), asker) for c in range(left, right + 1)]
                for r in range(top, bottom + 1)
            ]
        )
    evaluation.blocks[place] = block
    return block


def side_by_side(runs: Sequence[Tensor], down: bool) -> Tensor:
    """Return columns beside each other, or rows below each other."""
    import torch

    way = 1 if down else 0
    return runs[0].unsqueeze(way) if len(runs) == 1 else torch.stack(list(runs), way)


def numbers_of(
    evaluation: Evaluation, first: Key, n: int, down: bool, asker: Cell
) -> Tensor | None:
    """Return the numbers of cells from one on, None if some hold none."""
    found = evaluation.values.run(first, n, down)
    if found is None:
        # What is written there is not among the values before it is asked for.
        for cell in cells_from(first, n, down):
            evaluation.at(cell, asker)
        found = evaluation.values.run(first, n, down)
    return found


class Several:
    """The operands of the formula of a stretch, in all of its cells at once."""

    def __init__(self, evaluation: Evaluation, run: Run, slots: Sequence[Slot]) -> None:
        self.evaluation = evaluation
        self.samples = evaluation.samples
        self.names: dict[str, Value] = {}
        self.slots = slots
        self.run = run
        self.asker = Cell(*run.first)

    def _ends(self, slot: Slot) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
        """Return the areas of an operand in the first and in the last cell."""
        _, row, column = self.run.first
        more = self.run.n - 1
        last = (row + more, column) if self.run.down else (row, column + more)
        return slot.at(row, column), slot.at(*last)

    def operand(self, number: int) -> Value:
        slot = self.slots[number]
        first, last = self._ends(slot)
        sheet = slot.sheet or self.run.first[0]
        if slot.kind in ("row", "column"):
            return self._position(slot, first, last)
        if first == last:
            return self._same(sheet, first)
        if first[0] == first[2] and first[1] == first[3] and last[0] == last[2]:
            return self._cells((sheet, first[0], first[1]))
        return self._windows(sheet, first, last)

    def _position(
        self, slot: Slot, first: tuple[int, int, int, int], last: tuple[int, int, int, int]
    ) -> Value:
        import torch

        which = 0 if slot.kind == "row" else 1
        if first[which] == last[which]:
            return float(first[which])
        found = torch.arange(first[which], last[which] + 1, dtype=torch.float64)
        return found.unsqueeze(1).expand(-1, self.samples)

    def _same(self, sheet: str, area: tuple[int, int, int, int]) -> Value:
        found = area_of(self.evaluation, (sheet, area), self.asker)
        if isinstance(found, Array) and found.tensor is not None:
            return Array(tensor=found.tensor.unsqueeze(2))
        return found

    def _cells(self, first: Key) -> Value:
        """Return the numbers of as many cells from one on."""
        n, down = self.run.n, self.run.down
        found = numbers_of(self.evaluation, first, n, down, self.asker)
        if found is not None:
            return found
        each = [self.evaluation.at(cell, self.asker) for cell in cells_from(first, n, down)]
        if any(type(x) is not type(each[0]) or x != each[0] for x in each):
            raise ByCell
        return each[0]

    def _windows(
        self, sheet: str, first: tuple[int, int, int, int], last: tuple[int, int, int, int]
    ) -> Value:
        """Return a range that moves with the cells, of the same size in each."""
        n, down = self.run.n, self.run.down
        moves = (n - 1, 0, n - 1, 0) if down else (0, n - 1, 0, n - 1)
        if tuple(b - a for a, b in zip(first, last, strict=True)) != moves:
            raise ByCell
        top, left, bottom, right = first
        ways = range(left, right + 1) if down else range(top, bottom + 1)
        width = bottom - top + 1 if down else right - left + 1
        if width > 1 and len(ways) * width * n > 10_000_000:
            raise ByCell
        found: list[Tensor] = []
        for way in ways:
            start = (sheet, top, way) if down else (sheet, way, left)
            run = numbers_of(self.evaluation, start, n + width - 1, down, self.asker)
            if run is None:
                raise ByCell
            # places in the window × cells × samples
            found.append(run.unfold(0, n, 1).transpose(1, 2) if width > 1 else run.unsqueeze(0))
        return Array(tensor=side_by_side(found, down))

    def crossing(self, place: Place) -> Value:
        """Return the cells of a range in the rows or columns of the formulas."""
        sheet, (top, left, bottom, right) = place
        _, row, column = self.run.first
        end = (row if self.run.down else column) + self.run.n - 1
        if self.run.down and left == right and top <= row and end <= bottom:
            return self._cells((sheet, row, left))
        if not self.run.down and top == bottom and left <= column and end <= right:
            return self._cells((sheet, top, column))
        raise ByCell

    def place(self, number: int) -> Place:
        slot = self.slots[number]
        first, last = self._ends(slot)
        if first != last:
            raise ByCell
        return slot.sheet or self.run.first[0], first

    def area(self, place: Place) -> Value:
        found = area_of(self.evaluation, place, self.asker)
        if isinstance(found, Array) and found.tensor is not None:
            return Array(tensor=found.tensor.unsqueeze(2))
        return found

    def chosen(self, place: Place, row: Value, column: Value) -> Value:
        _, (top, _, bottom, _) = place
        if column is None:
            row, column = (1.0, row) if top == bottom else (row, 1.0)
        found = self.area(place)
        if not isinstance(found, Array) or found.tensor is None:
            raise ByCell
        counted = [
            self._counted(x, size) for x, size in zip((row, column), found.shape, strict=True)
        ]
        return found.tensor.squeeze(2)[counted[0], counted[1]]

    def _counted(self, value: Value, size: int) -> Tensor:
        """Return which of so many is meant in each cell, from 0, as the workbook was saved."""
        import torch

        saved = number(value, self.samples).detach()[..., 0].expand(self.run.n)
        if not bool(((saved >= 1) & (saved < size + 1)).all()):
            raise ByCell
        return saved.to(torch.int64) - 1
