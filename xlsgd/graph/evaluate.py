"""Calculate a graph: every formula with torch, for several samples of its inputs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.cells import CellError, Scalar
from xlsgd.formula.r1c1 import Slot
from xlsgd.formula.tree import COMPARISONS, Node, Reference
from xlsgd.graph.cells import Cell, Cells, Written
from xlsgd.graph.functions import ARRAYS, FUNCTIONS
from xlsgd.graph.values import Block, NotKnown, Value, number, same_in_all, text_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Evaluation"]


class Evaluation:
    """The values of a workbook's cells.

    values: those calculated so far.   unknown: formulas without one, and why.
    follows: those of them that only look at others without one.
    """

    def __init__(
        self, cells: Cells, samples: int, given: Mapping[Cell, Tensor] | None = None
    ) -> None:
        """given: cells that hold numbers of their own instead of what is written there."""
        self.cells = cells
        self.samples = samples
        self.values: dict[Cell, Value] = dict(given or {})
        self.unknown: dict[Cell, str] = {}
        self.follows: dict[Cell, Cell] = {}
        self._arrays: dict[Cell, Block] = {}

    def run(self, cells: Iterable[Cell] | None = None) -> None:
        """Calculate formulas, in the order in which they stand: all of them by default."""
        for cell in self.cells.order if cells is None else cells:
            if cell not in self.values:
                self._calculate(cell)

    def _calculate(self, cell: Cell) -> None:
        try:
            self.values[cell] = self._value_of(cell)
        except NotKnown as error:
            self.unknown[cell] = str(error)
        except (OverflowError, ZeroDivisionError, ValueError, RuntimeError, IndexError) as error:
            self.unknown[cell] = f"it cannot be calculated ({type(error).__name__})"

    def _value_of(self, cell: Cell) -> Value:
        origin = self.cells.spilled.get(cell)
        if origin is not None:
            return self._element(origin, cell)
        written = self.cells.written.get(cell)
        if written is None:
            raise NotKnown(self.cells.refused.get(cell, "it cannot be read"))
        if self.cells.is_volatile(cell):
            return constant(self.cells.stored[cell], self.samples)
        reading = _Reading(self, cell, written)
        if written.area is None:
            return reading.single(written.tree)
        found = reading.value(written.tree)
        self._arrays[cell] = found if isinstance(found, Block) else Block([[found]])
        return self._element(cell, cell)

    def _element(self, origin: Cell, cell: Cell) -> Value:
        if origin in self.unknown or origin not in self._arrays:
            self.follows[cell] = origin
            raise NotKnown(f"it needs {origin}, which has no value")
        block = self._arrays[origin]
        top, left = self.cells.written[origin].area[:2]  # type: ignore[index]
        rows, columns = block.shape
        row = 0 if rows == 1 else cell.row - top
        column = 0 if columns == 1 else cell.column - left
        if row >= rows or column >= columns:
            raise NotKnown("its array has no such element")
        return block.rows[row][column]

    def at(self, cell: Cell, asker: Cell) -> Value:
        """Return the value of a cell for a formula that asks for it."""
        found = self.values.get(cell)
        if found is not None:
            return found
        if cell in self.unknown:
            self.follows[asker] = cell
            raise NotKnown(f"it needs {cell}, which has no value")
        content = self.cells.contents.get(cell)
        if isinstance(content, str) and cell in self.cells.stored:
            if cell in self.values:
                return None
            self._calculate(cell)
            if cell in self.values:
                return self.values[cell]
            self.follows[asker] = cell
            raise NotKnown(f"it needs {cell}, which has no value")
        if cell in self.cells.spilled:
            self._calculate(cell)
            return self.values.get(cell)
        if content is None:
            return None
        value = self.values[cell] = constant(content, self.samples)
        return value


def constant(content: Scalar, samples: int) -> Value:
    """Return what a constant is in all samples."""
    import torch

    if isinstance(content, float) and not isinstance(content, bool):
        return torch.full((samples,), content, dtype=torch.float64)
    return content


class _Reading:
    """One formula being calculated."""

    def __init__(self, evaluation: Evaluation, cell: Cell, written: Written) -> None:
        self.evaluation = evaluation
        self.samples = evaluation.samples
        self.cell = cell
        self.slots = written.slots
        self.is_array = written.area is not None
        self.names: dict[str, Value] = {}

    def single(self, node: Node) -> Value:
        """Return the one value of a part of a formula that is no array formula."""
        found = self.value(node)
        if isinstance(found, Block):
            rows, columns = found.shape
            if (rows, columns) == (1, 1) or self.is_array:
                return found.rows[0][0]
            return found.rows[0][0] if node.kind != "reference" else self._crossing(node, found)
        return self.decided(found)

    def decided(self, value: Value) -> Value:
        """Return a value as a cell keeps it: an empty cell that is looked at is 0."""
        if value is None:
            return number(None, self.samples)
        return value

    def _crossing(self, node: Node, block: Block) -> Value:
        """Return the cell of a range in the formula's own row or column."""
        slot = self._slot(node)
        sheet, (top, left, bottom, right) = self.evaluation.cells.operand(self.cell, slot)
        if left == right and top <= self.cell.row <= bottom:
            return block.rows[self.cell.row - top][0]
        if top == bottom and left <= self.cell.column <= right:
            return block.rows[0][self.cell.column - left]
        raise NotKnown("a range stands where one cell is needed")

    def _slot(self, node: Node) -> Slot:
        reference = node.value
        assert isinstance(reference, Reference)
        assert reference.sheet is not None
        return self.slots[int(reference.sheet[1:])]

    def place(self, node: Node) -> tuple[str, tuple[int, int, int, int]]:
        """Return the sheet and the area that a part of a formula means.

        Raises NotKnown for one that means no cells.
        """
        if node.kind == "reference":
            return self.evaluation.cells.operand(self.cell, self._slot(node))
        if node.kind == "call" and node.value == "OFFSET":
            sheet, (top, left, bottom, right) = self.place(node.parts[0])
            given = [
                None if part.kind == "nothing" else int(same_in_all(self.value(part), self.samples))
                for part in node.parts[1:]
            ]
            given += [None] * (4 - len(given))
            down, across, height, width = given
            top, left = top + (down or 0), left + (across or 0)
            height = height or (bottom - top + (down or 0) + 1)
            width = width or (right - left + (across or 0) + 1)
            return sheet, (top, left, top + height - 1, left + width - 1)
        raise NotKnown("it means no cell")

    def area(self, sheet: str, area: tuple[int, int, int, int]) -> Value:
        """Return the values of an area, or of its one cell."""
        top, left, bottom, right = area
        if top == bottom and left == right:
            return self.evaluation.at(Cell(sheet, top, left), self.cell)
        top, left, bottom, right = self.evaluation.cells.used(sheet, area)
        return Block(
            [
                [self.evaluation.at(Cell(sheet, r, c), self.cell) for c in range(left, right + 1)]
                for r in range(top, bottom + 1)
            ]
        )

    def value(self, node: Node) -> Value:
        """Return the value of a part of a formula, a Block for several cells."""
        kind = node.kind
        if kind == "reference":
            slot = self._slot(node)
            if slot.kind in ("row", "column"):
                area = slot.at(self.cell.row, self.cell.column)
                return number(float(area[0 if slot.kind == "row" else 1]), self.samples)
            return self.area(*self.evaluation.cells.operand(self.cell, slot))
        if kind == "number":
            return number(node.value, self.samples)
        if kind in ("text", "truth"):
            return node.value
        if kind == "nothing":
            return None
        if kind == "error":
            raise NotKnown(f"it holds {node.value}")
        if kind == "name":
            name = str(node.value[1])  # type: ignore[index]
            if name in self.names:
                return self.names[name]
            raise NotKnown(f"there is no name {name}")
        if kind == "sign":
            return self._each(lambda a: -self._number(a), self.value(node.parts[0]))
        if kind == "percent":
            return self._each(lambda a: self._number(a) / 100, self.value(node.parts[0]))
        if kind == "operator":
            return self._operator(node)
        return self._call(node)

    def _number(self, value: Value) -> Tensor:
        return number(value, self.samples)

    def _operator(self, node: Node) -> Value:
        sign = str(node.value)
        left, right = (self.value(part) for part in node.parts)
        if not self.is_array:
            if isinstance(left, Block) and node.parts[0].kind == "reference":
                left = left if self._in_arrays else self._crossing(node.parts[0], left)
            if isinstance(right, Block) and node.parts[1].kind == "reference":
                right = right if self._in_arrays else self._crossing(node.parts[1], right)
        if sign in COMPARISONS:
            return self._both(lambda a, b: compared(sign, a, b, self.samples), left, right)
        if sign == "&":
            return self._both(lambda a, b: text_of(a) + text_of(b), left, right)
        return self._both(
            lambda a, b: arithmetic(sign, self._number(a), self._number(b)), left, right
        )

    _in_arrays = False
    """Whether a function that takes arrays is around: SUMPRODUCT(A1:A9*B1:B9)."""

    def _each(self, function: Callable[[Value], Value], value: Value) -> Value:
        return value.mapped(function) if isinstance(value, Block) else function(value)

    def _both(self, function: Callable[[Value, Value], Value], a: Value, b: Value) -> Value:
        """Apply a function of two values to blocks as well, each element with its own."""
        if not isinstance(a, Block) and not isinstance(b, Block):
            return function(a, b)
        a, b = (x if isinstance(x, Block) else Block([[x]]) for x in (a, b))
        rows, columns = (max(m, n) for m, n in zip(a.shape, b.shape, strict=True))
        for block in (a, b):
            if block.shape[0] not in (1, rows) or block.shape[1] not in (1, columns):
                raise NotKnown("two ranges of different sizes are calculated with each other")
        return Block(
            [
                [function(_pick(a, r, c), _pick(b, r, c)) for c in range(columns)]
                for r in range(rows)
            ]
        )

    def _call(self, node: Node) -> Value:
        name = str(node.value).removeprefix("_XLFN.").removeprefix("_XLWS.")
        if name == "SINGLE":
            return self.single(node.parts[0])
        if name == "LET":
            return self._let(node)
        if name == "OFFSET":
            return self.area(*self.place(node))
        if name in ("ROWS", "COLUMNS"):
            _, (top, left, bottom, right) = self.place(node.parts[0])
            size = bottom - top + 1 if name == "ROWS" else right - left + 1
            return number(float(size), self.samples)
        if name in ("IF", "IFS", "IFERROR", "IFNA"):
            return self._choice(name, node)
        if name in ("ISERROR", "ISNUMBER", "ISERR", "ISNA"):
            return self._is(name, node)
        function = FUNCTIONS.get(name)
        if function is None:
            raise NotKnown(f"the function {name} is not known here")
        before, self._in_arrays = self._in_arrays, self._in_arrays or name in ARRAYS
        try:
            given = [self.value(part) for part in node.parts]
        finally:
            self._in_arrays = before
        return function(self.samples, *given)

    def _let(self, node: Node) -> Value:
        before = dict(self.names)
        *pairs, last = node.parts
        for name, part in zip(pairs[::2], pairs[1::2], strict=True):
            if name.kind != "name":
                raise NotKnown("LET has no name where one is needed")
            self.names[str(name.value[1])] = self.value(part)  # type: ignore[index]
        found = self.value(last)
        self.names = before
        return found

    def _choice(self, name: str, node: Node) -> Value:
        if name in ("IFERROR", "IFNA"):
            try:
                found = self.value(node.parts[0])
            except NotKnown:
                return self.value(node.parts[1])
            if isinstance(found, Block):
                raise NotKnown("IFERROR of several cells")
            return self._otherwise(found, node.parts[1])
        if name == "IFS":
            asked = node.parts[:2]
            rest = Node("call", "IFS", node.parts[2:]) if len(node.parts) > 2 else None
            parts = (*asked, rest) if rest is not None else asked
            return self._choice("IF", Node("call", "IF", parts))
        condition = self.value(node.parts[0])
        if not isinstance(condition, Block):
            return self._chosen(condition, node.parts)
        yes = self.value(node.parts[1])
        no = self.value(node.parts[2]) if len(node.parts) > 2 else False
        either = self._both(lambda a, b: (a, b), yes, no)
        return self._both(
            lambda truth, pair: mixed(truth_of(truth, self.samples), *pair, self.samples),
            condition,
            either,
        )

    def _chosen(self, condition: Value, parts: tuple[Node, ...]) -> Value:
        """Return one side of IF; where samples go different ways, each has its own."""
        truth = truth_of(condition, self.samples)
        if isinstance(truth, bool) or bool(truth.all()) or not bool(truth.any()):
            taken = truth if isinstance(truth, bool) else bool(truth[0])
            place = 1 if taken else 2
            if place < len(parts):
                found = self.value(parts[place])
                return number(None, self.samples) if found is None else found
            return False
        yes = self.value(parts[1])
        no = self.value(parts[2]) if len(parts) > 2 else False
        return self._both(lambda a, b: mixed(truth, a, b, self.samples), yes, no)

    def _otherwise(self, found: Value, part: Node) -> Value:
        import torch

        if isinstance(found, CellError):
            return self.value(part)
        if not isinstance(found, torch.Tensor):
            return found
        fine = found.detach().isfinite()
        if bool(fine.all()):
            return found
        return mixed(fine, found, self.value(part), self.samples)

    def _is(self, name: str, node: Node) -> Value:
        import torch

        try:
            found = self.value(node.parts[0])
        except NotKnown:
            return name != "ISNUMBER"
        if isinstance(found, torch.Tensor):
            fine = bool(found.detach()[0].isfinite())
            return fine if name == "ISNUMBER" else not fine
        return isinstance(found, CellError) and name != "ISNUMBER"


def _pick(block: Block, row: int, column: int) -> Value:
    rows, columns = block.shape
    return block.rows[0 if rows == 1 else row][0 if columns == 1 else column]


def arithmetic(sign: str, a: Tensor, b: Tensor) -> Tensor:
    """Return what an operator makes of two numbers; nan where a cell would hold an error."""
    import torch

    if sign == "+":
        return a + b
    if sign == "-":
        return a - b
    if sign == "*":
        return a * b
    if sign == "/":
        zero = b.detach() == 0
        if bool(zero.any()):
            return torch.where(zero, torch.nan, a / torch.where(zero, 1.0, b))
        return a / b
    return a**b


def compared(sign: str, a: Value, b: Value, samples: int) -> Any:
    """Return a truth, or one for every sample."""
    import torch

    texts = [isinstance(x, str) for x in (a, b)]
    if any(texts):
        if all(texts) or None in (a, b):
            one, other = ("" if x is None else str(x).lower() for x in (a, b))
            return _truth(sign, one, other)
        # Texts come after all numbers.
        return _truth(sign, int(texts[0]), int(texts[1]))
    if any(isinstance(x, bool) for x in (a, b)) and not all(isinstance(x, bool) for x in (a, b)):
        tensor = [isinstance(x, torch.Tensor) for x in (a, b)]
        if any(tensor):
            return _truth(sign, int(not tensor[0]), int(not tensor[1]))
    one, other = (number(x, samples).detach() for x in (a, b))
    if not bool((one.isfinite() & other.isfinite())[0]):
        raise NotKnown("it compares with what is no number")
    return _truth(sign, one, other)


def _truth(sign: str, a: Any, b: Any) -> Any:
    if sign == "=":
        return a == b
    if sign == "<>":
        return a != b
    if sign == "<":
        return a < b
    if sign == "<=":
        return a <= b
    return a > b if sign == ">" else a >= b


def truth_of(value: Value, samples: int) -> Any:
    """Return a condition as a truth, or as one for every sample."""
    import torch

    if isinstance(value, bool):
        return value
    if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
        return value
    return number(value, samples).detach() != 0


def mixed(truth: Any, yes: Value, no: Value, samples: int) -> Value:
    """Return one value for the samples in which something holds, and another for the rest."""
    import torch

    if isinstance(truth, bool):
        return yes if truth else no
    if bool(truth.all()):
        return yes
    if not bool(truth.any()):
        return no
    return torch.where(truth, number(yes, samples), number(no, samples))
