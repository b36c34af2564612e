"""Functions that say which cells are meant: OFFSET, INDEX, and what is asked of a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xlsgd.formula.r1c1 import Slot
from xlsgd.formula.tree import Node
from xlsgd.graph.frame import Compiled, Frame, Part, Place, not_known, operand_number
from xlsgd.graph.functions import FUNCTIONS
from xlsgd.graph.values import Array, ByCell, Erroneous, Value, block_of, number, same_in_all

__all__ = ["PlaceFunctions"]

Means = Callable[[Frame], Place]
"""Says which cells are meant."""


class PlaceFunctions:
    """Makes functions of the parts of one formula that mean cells.   part: of its other parts."""

    def __init__(self, slots: Sequence[Slot], part: Part) -> None:
        self.slots = slots
        self.part = part
        self.named = {
            "OFFSET": self.offset,
            "INDEX": self.index,
            "ROWS": self.size,
            "COLUMNS": self.size,
            "ROW": self.position,
            "COLUMN": self.position,
        }

    def place(self, node: Node) -> Means:
        """Return what says which cells a part means."""
        if node.kind == "reference" and self.slots[operand_number(node)].kind in ("cell", "range"):
            operand = operand_number(node)
            return lambda frame: frame.place(operand)
        if node.kind == "call" and node.value in ("OFFSET", "INDEX"):
            found = self._offset(node) if node.value == "OFFSET" else self._index(node)
            if found is not None:
                return found
        return not_known("it asks where something is that is no cell")

    def offset(self, node: Node, arrays: bool) -> Compiled:
        place = self.place(node)
        return lambda frame: frame.area(place(frame))

    def _offset(self, node: Node) -> Means:
        base = self.place(node.parts[0])
        parts = [None if p.kind == "nothing" else self.part(p, False) for p in node.parts[1:]]

        def called(frame: Frame) -> Place:
            sheet, (top, left, bottom, right) = base(frame)
            given = [
                None if part is None else int(same_in_all(part(frame), frame.samples))
                for part in parts
            ]
            down, across, height, width = (given + [None] * 4)[:4]
            rows = bottom - top + 1 if height is None else height
            columns = right - left + 1 if width is None else width
            top, left = top + (down or 0), left + (across or 0)
            if rows < 0:
                top, rows = top + rows + 1, -rows
            if columns < 0:
                left, columns = left + columns + 1, -columns
            if top < 1 or left < 1 or not rows or not columns:
                raise Erroneous("#REF!", "OFFSET means cells outside of the sheet")
            return sheet, (top, left, top + rows - 1, left + columns - 1)

        return called

    def index(self, node: Node, arrays: bool) -> Compiled:
        place = self._index(node)
        if place is not None:
            return self._found(node, place)
        function = FUNCTIONS["INDEX"]
        if not 2 <= len(node.parts) <= 3:
            return not_known(f"INDEX is not known here with {len(node.parts)} arguments")
        parts = [self.part(part, True) for part in node.parts]
        return lambda frame: function(frame.samples, *[part(frame) for part in parts])

    def one_of(self, node: Node, every: Compiled) -> Compiled:
        """Return what gives the one cell that a part means, as it is, or in the formula's own row
        or column.   every: what gives all cells that it means."""
        if node.parts[0].kind != "reference":
            return every
        place = self.place(node)

        def called(frame: Frame) -> Value:
            found = every(frame)
            return frame.crossing(place(frame)) if isinstance(found, Array) else found

        return called

    def _found(self, node: Node, place: Means) -> Compiled:
        base, *rest = node.parts
        area = self.place(base)
        row, column = ([self.part(part, False) for part in rest] + [_nothing])[:2]

        def called(frame: Frame) -> Value:
            try:
                return frame.area(place(frame))
            except ByCell:
                return frame.chosen(area(frame), row(frame), column(frame))

        return called

    def _index(self, node: Node) -> Means | None:
        """Return what says which cells INDEX means, None where it is asked of no range."""
        base, *rest = node.parts
        if base.kind != "reference" or not 1 <= len(rest) <= 2:
            return None
        area = self.place(base)
        parts = [self.part(part, False) for part in rest]

        def called(frame: Frame) -> Place:
            sheet, (top, left, bottom, right) = area(frame)
            given = []
            for part in parts:
                value = part(frame)
                given.append(0 if value is None else int(same_in_all(value, frame.samples)))
            rows, columns = bottom - top + 1, right - left + 1
            if len(given) == 2:
                row, column = given
            elif rows == 1 and columns > 1:
                row, column = 1, given[0]
            else:
                row, column = given[0], int(columns == 1)
            if not (0 <= row <= rows and 0 <= column <= columns):
                raise Erroneous("#REF!", "INDEX means a cell outside of its range")
            if row:
                top = bottom = top + row - 1
            if column:
                left = right = left + column - 1
            return sheet, (top, left, bottom, right)

        return called

    def size(self, node: Node, arrays: bool) -> Compiled:
        """Return what calculates ROWS or COLUMNS."""
        down = node.value == "ROWS"
        part = node.parts[0]
        if part.kind == "reference" or part.value in ("OFFSET", "INDEX"):
            place = self.place(part)

            def of_place(frame: Frame) -> Value:
                _, (top, left, bottom, right) = place(frame)
                return float(bottom - top + 1 if down else right - left + 1)

            return of_place
        inner = self.part(part, True)

        def counted(frame: Frame) -> Value:
            found = inner(frame)
            shape = found.shape if isinstance(found, Array) else (1, 1)
            return float(shape[0 if down else 1])

        return counted

    def position(self, node: Node, arrays: bool) -> Compiled:
        """Return what calculates ROW or COLUMN of a range; those of a cell are operands."""
        if not node.parts:
            return not_known("it asks for a position")
        place = self.place(node.parts[0])
        down = node.value == "ROW"

        def called(frame: Frame) -> Value:
            _, (top, left, bottom, right) = place(frame)
            if not arrays:
                return float(top if down else left)
            counted = range(top, bottom + 1) if down else range(left, right + 1)
            numbers = [number(float(n), frame.samples) for n in counted]
            return block_of([[n] for n in numbers] if down else [numbers])

        return called


def _nothing(frame: Frame) -> Value:
    return None
