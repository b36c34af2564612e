"""Calculate a graph: every formula with torch, for several samples of its inputs at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from xlsgd.base.cells import CellError, Formula
from xlsgd.graph.adjoints import slopes, tangents
from xlsgd.graph.cells import Cell, Cells, Written, is_volatile
from xlsgd.graph.compiled import compiled, says_truths
from xlsgd.graph.frame import Compiled, Place
from xlsgd.graph.frames import Needs, Several, Single
from xlsgd.graph.plan import FEWEST, plan_of
from xlsgd.graph.runs import Run
from xlsgd.graph.store import Key, Values, cells_from
from xlsgd.graph.values import Array, ByCell, Erroneous, NotKnown, Value, all_finite, as_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Evaluation"]

Unit = Run | Cell
"""What is calculated in one go: the cells of a stretch, or a single one."""

_BROKEN = (OverflowError, ZeroDivisionError, ValueError, RuntimeError, IndexError)
"""What calculation may raise that says of a formula only that it cannot be calculated."""


class Evaluation:
    """The values of a workbook's cells.

    values: those calculated so far.   unknown: formulas without one, and why.
    follows: those of them that only look at others without one.   blocks: ranges asked for so far.
    """

    def __init__(
        self,
        cells: Cells,
        samples: int,
        given: Mapping[Cell, Value] | None = None,
        *,
        adjoint: bool = False,
        stretches: bool | None = None,
    ) -> None:
        """given: what cells hold instead of what is written there: tensors of shape (samples,), or
        texts and truths.
        adjoint: whether slopes in any cell may be asked for, not only in those given.
        stretches: whether formulas that were filled down or across are calculated together; by
        default where there are many."""
        self.cells = cells
        self.samples = samples
        self.values = Values(samples, given or {})
        self.unknown: dict[Cell, str] = {
            cell: why for cell, why in cells.refused.items() if cell not in self.values
        }
        self.follows: dict[Cell, Cell] = {}
        self.adjoint = adjoint
        self.blocks: dict[Place, Array] = {}
        self._given = frozenset(given or ())
        self._stretches = len(cells.written) >= FEWEST if stretches is None else stretches
        self.plan = plan_of(cells, self._given) if self._stretches else None
        self._apart: set[int] = set()
        self._frames: dict[tuple[int, str], Single] = {}

    def run(self, cells: Iterable[Cell] | None = None) -> None:
        """Calculate formulas and what they need: all of them by default."""
        if cells is not None:
            for cell in cells:
                if cell not in self.values and cell not in self.unknown:
                    self._ensure(self._unit(cell))
            return
        for unit in self.cells.order if self.plan is None else self.plan.steps:
            self._ensure(unit)

    def again(self, cell: Cell, element: tuple[int, int] = (0, 0)) -> Value:
        """Return what a formula gives with all that it looks at as it is among the values, be that
        calculated or given: whatever its own cell holds.  element: which, of a formula of arrays.

        Raises NotKnown if it cannot be calculated.
        """
        try:
            found = self._completed(cell)
        except Erroneous as error:
            return error.error
        return self._shown(as_block(found).at(*element))

    def adjoints(self, of: Iterable[Cell], cells: Sequence[Cell]) -> dict[Cell, Tensor]:
        """Return the slopes of the sum of some cells in each of others, shape (samples,), by one
        pass backward.

        Raises ValueError for a cell in which there is none: it holds no number, or was not
        followed; all are where ``adjoint`` is true.
        """
        return slopes(self.values, [self.values[cell] for cell in of], cells, self.samples)

    def tangents(self, moves: Mapping[Cell, Tensor]) -> dict[Cell, Tensor]:
        """Return how the numbers of all cells move if given ones do, those alone that move at all.

        moves: how far each moves, shape (samples,); what was given must require slopes.
        """
        return tangents(self.values, moves, {cell: self.values[cell] for cell in moves})

    def numbers(self, cells: Sequence[Cell]) -> Tensor:
        """Return the numbers of cells together, shape (cells, samples); nan where there is none."""
        import torch

        nothing = torch.full((self.samples,), torch.nan, dtype=torch.float64)
        found = [self.values.get(cell) for cell in cells]
        return torch.stack(
            [
                x if isinstance(x, torch.Tensor) and x.dtype == torch.float64 else nothing
                for x in found
            ]
        )

    # One unit after the other

    def _completed(self, cell: Cell) -> Value:
        """Return what a formula comes to once all that it looks at is calculated."""
        while True:
            try:
                return self._value_of(cell)
            except Needs as needs:
                self._ensure(self._unit(needs.cell))

    def _unit(self, cell: Key) -> Unit:
        """Return the unit in which a formula is calculated."""
        origin = self.cells.spilled.get(cell)  # type: ignore[call-overload]
        if origin is not None:
            return origin  # type: ignore[no-any-return]
        run = None if self.plan is None else self.plan.runs.get(cell)
        if run is not None and id(run) not in self._apart:
            return run
        return cell if isinstance(cell, Cell) else Cell(*cell)

    def _ensure(self, unit: Unit) -> None:
        """Calculate a unit, and first what it needs that is not there yet."""
        waiting: list[Unit] = [unit]
        while waiting:
            try:
                self._calculate(waiting[-1])
                waiting.pop()
            except Needs as needs:
                other = self._unit(needs.cell)
                if other not in waiting:
                    waiting.append(other)
                elif isinstance(other, Run) and id(other) not in self._apart:
                    self._apart.add(id(other))
                    waiting = [unit for unit in waiting if unit is not other]
                    waiting.append(self._unit(needs.cell))
                else:
                    self.unknown[Cell(*needs.cell)] = "it depends on itself"

    def _calculate(self, unit: Unit) -> None:
        if isinstance(unit, Run):
            self._calculate_together(unit)
        elif unit not in self.values and unit not in self.unknown:
            self._calculate_one(unit)
        elif unit in self._given and self._area(unit) is not None and unit not in self.unknown:
            # The first cell of an array is given, the others are not.
            self._calculate_one(unit)

    def _area(self, cell: Cell) -> tuple[int, int, int, int] | None:
        written = self.cells.written.get(cell)
        return None if written is None else written.area

    def _calculate_together(self, run: Run) -> None:
        if run.first in self.values:
            return
        if id(run) not in self._apart:
            written, function, volatile = self._function(run.written)
            try:
                if volatile:
                    raise ByCell
                found = function(Several(self, run, written.slots))
                self.values.add(run.first, run.down, self._kept(self._numbers(found, run)))
                return
            except (ByCell, NotKnown, Erroneous, *_BROKEN):
                self._apart.add(id(run))
        for key in cells_from(run.first, run.n, run.down):
            cell = Cell(*key)
            if cell not in self.values and cell not in self.unknown:
                self._calculate_one(cell)
        self.values.put_together(run.first, run.n, run.down)

    def _numbers(self, found: Value, run: Run) -> Tensor:
        """Return what the formula of a stretch came to, for each of its cells."""
        import torch

        if isinstance(found, float) or found is None:
            return torch.full((run.n, self.samples), found or 0.0, dtype=torch.float64)
        if not isinstance(found, torch.Tensor) or found.dtype != torch.float64:
            raise ByCell
        if says_truths(run.written.tree) and not all_finite(found):
            raise ByCell  # a truth, or an error: that is no number anywhere
        return found.expand(run.n, self.samples)

    def _calculate_one(self, cell: Cell) -> None:
        try:
            self._put(cell, self._value_of(cell))
        except NotKnown as error:
            self.unknown[cell] = str(error)
        except Erroneous as error:
            self._put(cell, error.error)
        except ByCell:
            self.unknown[cell] = "its cells differ where one is needed"
        except _BROKEN as error:
            self.unknown[cell] = f"it cannot be calculated ({type(error).__name__})"
        if cell in self.unknown:
            for other in self._spilled_from(cell):
                self.follows[other] = cell
                self.unknown[other] = f"it needs {cell}, which has no value"

    def _value_of(self, cell: Cell) -> Value:
        written = self.cells.written.get(cell)
        if written is None:
            raise NotKnown(self.cells.refused.get(cell, "it cannot be read"))
        _, function, volatile = self._function(written)
        if volatile:
            return self.cells.stored[cell]
        frame = self._frames.get((id(written.key), cell.sheet))
        if frame is None:
            frame = Single(self, cell.sheet, written.slots)
            self._frames[id(written.key), cell.sheet] = frame
        return function(frame.moved(cell))

    def _function(self, written: Written) -> tuple[Written, Compiled, bool]:
        """Return what calculates a formula, and whether it gives something else each time."""
        key = id(written.key), written.area is not None
        found = self.cells.functions.get(key)
        if found is None:
            function = compiled(written.tree, written.slots, written.area is not None)
            found = self.cells.functions[key] = written, function, is_volatile(written.tree)
        return found

    # What has been calculated

    def _put(self, cell: Cell, value: Value) -> None:
        """Keep what a formula came to, in all the cells that it fills."""
        import torch

        area = self._area(cell)
        if area is None:
            self.values.single[cell] = self._shown(value)
            return
        top, left, bottom, right = area
        ours = {cell, *self._spilled_from(cell)}
        block = as_block(value)
        rows, columns = block.shape
        # Columns of numbers are kept as they are, others cell by cell.
        whole = (
            block.tensor is not None
            and block.tensor.dtype == torch.float64
            and rows == bottom - top + 1 > 1
            and columns in (1, right - left + 1)
            and len(ours) == (bottom - top + 1) * (right - left + 1)
        )
        for column in range(left, right + 1) if whole else ():
            tensor = block.tensor[:, 0 if columns == 1 else column - left]  # type: ignore[index]
            self.values.add((cell.sheet, top, column), True, self._kept(tensor))
        for other in () if whole else ours - self._given:
            row, column = other.row - top, other.column - left
            missing = row >= rows > 1 or column >= columns > 1
            found = CellError("#N/A") if missing else block.at(row, column)
            self.values.single[other] = self._shown(found)

    def _spilled_from(self, cell: Cell) -> Iterable[Cell]:
        """Return the other cells that an array formula fills."""
        area = self._area(cell)
        if area is None:
            return ()
        top, left, bottom, right = area
        every = (
            Cell(cell.sheet, row, column)
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        )
        return [other for other in every if self.cells.spilled.get(other) == cell]

    def _shown(self, value: Value) -> Value:
        """Return a value as a cell keeps it."""
        import torch

        if value is None or isinstance(value, float):
            value = torch.full((self.samples,), value or 0.0, dtype=torch.float64)
        elif isinstance(value, Array):
            return self._shown(value.at(0, 0))
        if isinstance(value, torch.Tensor) and value.dtype == torch.float64:
            return self._kept(value if value.dim() else value.expand(self.samples))
        return value

    def _kept(self, value: Tensor) -> Tensor:
        """Return numbers such that slopes in them can be asked for, if that is wanted."""
        if not self.adjoint:
            return value
        if not value.requires_grad:
            return value.detach().clone().requires_grad_()
        # A copy of another cell is a number of its own.
        return value.view_as(value)

    def at(self, cell: Key, asker: Cell) -> Value:
        """Return the value of a cell for a formula that asks for it.

        Raises Needs if that is to be calculated first, and NotKnown if it cannot be.
        """
        if cell in self.values:
            return self.values[cell]
        if cell in self.unknown:
            self.follows[asker] = Cell(*cell)
            raise NotKnown(f"it needs {Cell(*cell)}, which has no value")
        content = self.cells.contents.get(cell)  # type: ignore[call-overload]
        if cell in self.cells.spilled or isinstance(content, Formula):
            raise Needs(cell)
        if isinstance(content, float):
            self._load(cell[0], cell[2])
            return self.values[cell]
        if content is not None:
            self.values.single[cell] = content
        return content

    def _load(self, sheet: str, column: int) -> None:
        """Have the numbers that are written in a column among the values."""
        import torch

        found: list[float] = []
        first = 0
        for row, content in [*self.cells.numbers_in(sheet, column), (0, 0.0)]:
            if found and row != first + len(found):
                tensor = torch.tensor(found, dtype=torch.float64).unsqueeze(1)
                numbers = self._kept(tensor.expand(-1, self.samples))
                self.values.add((sheet, first, column), True, numbers)
                found = []
            first = first if found else row
            found.append(content)
