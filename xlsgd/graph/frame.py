"""What a formula is given when it is calculated."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Protocol

from xlsgd.formula.tree import Node, Reference
from xlsgd.graph.values import NotKnown, Value

__all__ = ["Compiled", "Frame", "Part", "Place", "not_known", "operand_number"]

Place = tuple[str, tuple[int, int, int, int]]


class Frame(Protocol):
    """What a formula sees.   names: the variables of LET."""

    samples: int
    names: dict[str, Value]

    def operand(self, number: int) -> Value:
        """Return the value of an operand, a Array for a range."""

    def crossing(self, place: Place) -> Value:
        """Return the cell of a range in the formula's own row or column."""

    def place(self, number: int) -> Place:
        """Return the sheet and the area of an operand.  Raises ByCell if it is not one place."""

    def area(self, place: Place) -> Value:
        """Return the values of an area, or of its one cell."""

    def chosen(self, place: Place, row: Value, column: Value) -> Value:
        """Return one cell of an area for each of several, counted from 1; with no column, in a
        row or a column.  Raises ByCell if that is not to be had."""


Compiled = Callable[[Frame], Value]
"""Calculates a formula, or a part of one."""

Part = Callable[[Node, bool], Compiled]
"""Returns what calculates a part, given whether ranges are calculated with element by element."""


def operand_number(node: Node) -> int:
    """Return which operand of its formula a reference is."""
    reference = node.value
    assert isinstance(reference, Reference)
    assert reference.sheet is not None
    return int(reference.sheet[1:])


def not_known(why: str) -> Callable[[Frame], NoReturn]:
    """Return what stands for a part that cannot be calculated."""

    def called(frame: Frame) -> NoReturn:
        raise NotKnown(why)

    return called
