"""A formula as a sum of terms and a term as a product of factors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xlsgd.formula.tree import Node, Reference, nodes_of
from xlsgd.graph.cells import Cell, Cells, Written

__all__ = [
    "Kept",
    "factors_of",
    "kept_terms",
    "operand_number",
    "operands_of",
    "rest_of",
    "terms_of",
]


class Kept(NamedTuple):
    """A term of a sum that keeps what a cell holds, once or a share of it.

    operand: number of the operand that is kept.   share: what it is multiplied with, empty for
    once.   rest: numbers of the operands of all other terms.
    """

    operand: int
    share: tuple[Node, ...]
    rest: frozenset[int]


def terms_of(tree: Node, sign: int = 1) -> Iterator[tuple[int, Node]]:
    """Yield the terms of a sum with their signs."""
    if tree.kind == "operator" and tree.value in ("+", "-"):
        yield from terms_of(tree.parts[0], sign)
        yield from terms_of(tree.parts[1], sign if tree.value == "+" else -sign)
    elif tree.kind == "sign":
        yield from terms_of(tree.parts[0], -sign)
    elif tree.kind == "call" and tree.value == "SUM":
        for part in tree.parts:
            yield from terms_of(part, sign)
    else:
        yield sign, tree


def factors_of(tree: Node) -> Iterator[Node]:
    """Yield the factors of a product."""
    if tree.kind == "operator" and tree.value == "*":
        yield from factors_of(tree.parts[0])
        yield from factors_of(tree.parts[1])
    else:
        yield tree


def operand_number(reference: Node) -> int:
    """Return which operand of its formula a reference is."""
    place = reference.value
    assert isinstance(place, Reference)
    assert place.sheet is not None
    return int(place.sheet[1:])


def operands_of(tree: Node) -> frozenset[int]:
    """Return the numbers of all operands in a part of a formula."""
    return frozenset(operand_number(n) for n in nodes_of(tree) if n.kind == "reference")


def kept_terms(written: Written) -> list[Kept]:
    """Return the ways in which a formula keeps another cell's number and adds something to it:
    ``A5-$B$1*L5`` keeps A5, ``$J$1*J4+$K$1*F5`` keeps a share of J4 (or, who knows, of J1)."""
    terms = list(terms_of(written.tree))
    if len(terms) < 2:
        return []
    found = []
    for i, (sign, term) in enumerate(terms):
        if sign < 0:
            continue
        factors = list(factors_of(term))
        others = [node for j, (_, node) in enumerate(terms) if j != i]
        for place, factor in enumerate(factors):
            if factor.kind != "reference" or not _is_cell(written, factor):
                continue
            share = (*factors[:place], *factors[place + 1 :])
            rest = frozenset[int]().union(*(operands_of(node) for node in (*others, *share)))
            found.append(Kept(operand_number(factor), share, rest))
    return found


def _is_cell(written: Written, reference: Node) -> bool:
    kind = written.slots[operand_number(reference)].kind
    return kind == "cell" or (kind == "range" and written.area is not None)


def rest_of(cells: Cells, cell: Cell, operands: frozenset[int], element: Cell) -> list[Cell]:
    """Return the cells that some operands of a cell's formula stand for.

    element: of a formula of arrays the cell that is meant: of operands of the same shape it looks
    at one cell alone.
    """
    written = cells.written[cell]
    found: list[Cell] = []
    for number in sorted(operands):
        slot = written.slots[number]
        if slot.kind in ("row", "column"):
            continue
        sheet, area = cells.operand(cell, slot)
        if slot.kind == "cell":
            found.append(Cell(sheet, area[0], area[1]))
        elif written.area is not None and _size(area) == _size(written.area):
            down, across = element.row - written.area[0], element.column - written.area[1]
            found.append(Cell(sheet, area[0] + down, area[1] + across))
        else:
            found += cells.inside(sheet, area)
    return found


def _size(area: tuple[int, int, int, int]) -> tuple[int, int]:
    return area[2] - area[0], area[3] - area[1]
