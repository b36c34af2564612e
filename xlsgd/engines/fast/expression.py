"""What a formula is made of, once it has been parsed: constants, operands and calls."""

from __future__ import annotations

from typing import NamedTuple

from xlsgd.base.cells import Scalar, Uncomputed

__all__ = ["Block", "Call", "Constant", "Expression", "Node", "Operand"]


class Constant(NamedTuple):
    """A number, text or truth value written in the formula, or an argument left out (0)."""

    value: object


class Operand(NamedTuple):
    """Operand number ``slot`` of the formula."""

    slot: int


class Call(NamedTuple):
    """An operator such as ``+`` or a function such as ``EXP``; ``""`` stands for what has no name.

    arguments: ids of nodes.
    """

    name: str
    arguments: tuple[str, ...]


Node = Constant | Operand | Call


class Expression(NamedTuple):
    """A graph rather than a tree: what a formula says twice is one node.

    root: id of the node that is the formula's value.
    """

    nodes: dict[str, Node]
    root: str


class Block(NamedTuple):
    """The values of a range.

    values: row by row, None for an empty cell; of ``rows`` x ``columns`` cells only, beyond which
        all are empty.
    kind: NUMBERS, MIXED or UNCOMPUTED.
    full_rows, full_columns: the size as the formula has it, a million rows for ``A:A``.
    """

    values: list[Scalar | Uncomputed]
    kind: str
    rows: int
    columns: int
    full_rows: int
    full_columns: int
