"""Which cells a formula looks at.

``INDEX`` and ``OFFSET`` look at one place of a range. It is found at once where it hangs
on rows and columns alone, as in ``INDEX($B$2:$B$99,ROW()-1)``: such a formula looks at no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from xlsgd.formula.r1c1 import Slot
from xlsgd.formula.tree import Node, nodes_of
from xlsgd.graph.compiled import place_of
from xlsgd.graph.frame import Frame, Place, operand_number
from xlsgd.graph.values import ByCell, Erroneous, NotKnown, Value

__all__ = ["Looks", "area_at", "looks_of"]

_STATIC = frozenset(
    ("ABS", "INT", "MAX", "MIN", "MOD", "QUOTIENT", "ROUND", "ROUNDDOWN", "ROUNDUP")
)
"""Functions in a place that is found without a value of any cell."""


class Looks(NamedTuple):
    """What a formula looks at.

    slots: all its operands.   rest: those that are cells, of which it looks at all.   bases: those
    of which INDEX or OFFSET finds one place.   moving: what says which.
    """

    slots: tuple[Slot, ...]
    rest: tuple[Slot, ...]
    bases: tuple[Slot, ...] = ()
    moving: tuple[Callable[[Frame], Place], ...] = ()

    def areas(self, sheet: str, row: int, column: int) -> Iterator[Place]:
        """Yield the sheets and areas that it looks at from a cell."""
        for slot in self.rest:
            yield slot.sheet or sheet, area_at(slot, row, column)
        if self.moving:
            frame = _Standing(self.slots, sheet, row, column)
            try:
                found = [place(frame) for place in self.moving]
            except (ByCell, Erroneous, NotKnown):
                found = []
            yield from found


def area_at(slot: Slot, row: int, column: int) -> tuple[int, int, int, int]:
    """Return the area of an operand for the formula in a cell: what most are, one cell, at once."""
    if slot.kind != "cell":
        return slot.at(row, column)
    (row_fixed, r), (column_fixed, c), _, _ = slot.corners
    r, c = r if row_fixed else row + r, c if column_fixed else column + c
    return r, c, r, c


def looks_of(tree: Node, slots: Sequence[Slot]) -> Looks:
    """Return what a formula looks at, wherever it stands."""
    nodes = list(nodes_of(tree))
    found = [operand_number(node) for node in nodes if node.kind == "reference"]
    moving = [
        node
        for node in nodes
        if node.kind == "call" and node.value in ("INDEX", "OFFSET") and _is_static(node, slots)
    ]
    # A range of which one place is found may be looked at as a whole elsewhere in the formula.
    bases = [operand_number(node.parts[0]) for node in moving]
    for number in bases:
        found.remove(number)
    return Looks(
        tuple(slots),
        tuple(slots[i] for i in sorted(set(found)) if slots[i].kind in ("cell", "range")),
        tuple(slots[i] for i in sorted(set(bases))),
        tuple(place_of(node, slots) for node in moving),
    )


def _is_static(node: Node, slots: Sequence[Slot]) -> bool:
    """Return whether the place that INDEX or OFFSET means is found without a value of any cell."""
    base, *rest = node.parts
    if base.kind != "reference" or slots[operand_number(base)].kind not in ("cell", "range"):
        return False
    if node.value == "INDEX" and not 1 <= len(rest) <= 2:
        return False
    return all(_is_plain(part, slots) for part in rest)


def _is_plain(node: Node, slots: Sequence[Slot]) -> bool:
    if node.kind == "reference":
        return slots[operand_number(node)].kind in ("row", "column")
    if node.kind == "call":
        if node.value in ("ROW", "COLUMN", "ROWS", "COLUMNS"):
            return all(part.kind == "reference" for part in node.parts)
        return node.value in _STATIC and all(_is_plain(part, slots) for part in node.parts)
    return node.kind != "name" and all(_is_plain(part, slots) for part in node.parts)


class _Standing:
    """A formula in its cell, with nothing known but where that is."""

    samples = 1

    def __init__(self, slots: Sequence[Slot], sheet: str, row: int, column: int) -> None:
        self.slots, self.sheet, self.row, self.column = slots, sheet, row, column
        self.names: dict[str, Value] = {}

    def operand(self, number: int) -> Value:
        slot = self.slots[number]
        if slot.kind not in ("row", "column"):
            raise NotKnown("it hangs on another cell")
        return float(slot.at(self.row, self.column)[0 if slot.kind == "row" else 1])

    def crossing(self, place: Place) -> Value:
        raise NotKnown("it hangs on another cell")

    def place(self, number: int) -> Place:
        slot = self.slots[number]
        return slot.sheet or self.sheet, slot.at(self.row, self.column)

    def area(self, place: Place) -> Value:
        raise NotKnown("it hangs on another cell")

    def chosen(self, place: Place, row: Value, column: Value) -> Value:
        raise NotKnown("it hangs on another cell")
