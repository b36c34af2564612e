"""Conditions that are settled before anything is calculated, by texts that stand in cells.

``IF($G$4="numerical",AD9,AG9)`` looks at AG9 alone where G4 holds another word. Knowing that, the
column AD hangs on the weights of each step, but no step hangs on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlsgd.base.cells import Formula, Scalar
from xlsgd.formula.r1c1 import Slot
from xlsgd.formula.tree import Node, nodes_of
from xlsgd.graph.cells import Cell
from xlsgd.graph.compiled import compiled
from xlsgd.graph.frame import Place, operand_number
from xlsgd.graph.values import ByCell, Erroneous, NotKnown, Value

__all__ = ["settled"]


def settled(
    tree: Node,
    slots: Sequence[Slot],
    sheet: str,
    contents: Mapping[Cell, Formula | Scalar],
) -> Node:
    """Return a formula without the sides of conditions that are never taken.

    contents: of cells, those that hold a formula or are given among them.
    """
    if not tree.parts:
        return tree
    if tree.kind == "call" and tree.value == "IF" and len(tree.parts) > 1:
        truth = _truth(tree.parts[0], slots, sheet, contents)
        if truth is not None:
            sides = (*tree.parts[1:3], Node("truth", False))
            return settled(sides[0 if truth else 1], slots, sheet, contents)
    parts = tuple(settled(part, slots, sheet, contents) for part in tree.parts)
    return tree if parts == tree.parts else Node(tree.kind, tree.value, parts)


def _truth(
    asked: Node,
    slots: Sequence[Slot],
    sheet: str,
    contents: Mapping[Cell, Formula | Scalar],
) -> bool | None:
    """Return what a condition says that hangs on texts alone, None for any other."""
    looked_at = [slots[operand_number(n)] for n in nodes_of(asked) if n.kind == "reference"]
    if not looked_at:
        return None
    frame = _Words(slots, sheet, contents)
    for slot in looked_at:
        if slot.kind != "cell" or not all(fixed for fixed, _ in slot.corners):
            return None
        content = contents.get(frame.key(slot))
        if not isinstance(content, str) or isinstance(content, Formula):
            return None
    try:
        found = compiled(asked, slots, False)(frame)
    except (ByCell, Erroneous, NotKnown):
        return None
    return found if isinstance(found, bool) else None


class _Words:
    """The texts that a condition looks at."""

    samples = 1

    def __init__(
        self,
        slots: Sequence[Slot],
        sheet: str,
        contents: Mapping[Cell, Formula | Scalar],
    ) -> None:
        self.slots, self.sheet, self.contents = slots, sheet, contents
        self.names: dict[str, Value] = {}

    def key(self, slot: Slot) -> Cell:
        (_, row), (_, column), *_ = slot.corners
        return Cell(slot.sheet or self.sheet, row, column)

    def operand(self, number: int) -> Value:
        return self.contents.get(self.key(self.slots[number]))

    def crossing(self, place: Place) -> Value:
        raise NotKnown("it hangs on a range")

    def place(self, number: int) -> Place:
        raise NotKnown("it hangs on a place")

    def area(self, place: Place) -> Value:
        raise NotKnown("it hangs on a range")

    def chosen(self, place: Place, row: Value, column: Value) -> Value:
        raise NotKnown("it hangs on a range")
