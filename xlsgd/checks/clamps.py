"""Numbers kept between two bounds: which bound has to be the lower one.

MAX(low,MIN(high,x)) and MIN(high,MAX(low,x)) give the same as long as low is no greater than high.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from xlsgd.formula.tree import Node, nodes_of

__all__ = ["Bounds", "bounds", "in_order"]

_OTHER = {"MAX": "MIN", "MIN": "MAX"}


class Bounds(NamedTuple):
    """What a formula keeps something between."""

    low: Node
    high: Node


def bounds(tree: Node) -> Iterator[Bounds]:
    """Yield the bounds in a formula that look at the same cells, or at none."""
    for outer in nodes_of(tree):
        if outer.kind != "call" or outer.value not in _OTHER or len(outer.parts) != 2:
            continue
        for inner, bound in (outer.parts, outer.parts[::-1]):
            if (inner.kind, inner.value) != ("call", _OTHER[str(outer.value)]):
                continue
            same = [part for part in inner.parts if _cells(part) == _cells(bound)]
            if len(inner.parts) == 2 and len(same) == 1:
                pair = (bound, same[0]) if outer.value == "MAX" else (same[0], bound)
                yield Bounds(*pair)


def _cells(tree: Node) -> set[Node]:
    return {node for node in nodes_of(tree) if node.kind == "reference"}


def in_order(pair: Bounds, number: Callable[[Node], float | None]) -> bool:
    """Return whether the lower bound is the lower one with the numbers that stand in the cells.

    number: gives that of a reference, None where there is none.
    """
    low, high = (_value(bound, number) for bound in pair)
    return low is not None and high is not None and low <= high


def _value(tree: Node, number: Callable[[Node], float | None]) -> float | None:
    if tree.kind == "number":
        return float(str(tree.value))
    if tree.kind == "reference":
        return number(tree)
    if tree.kind == "sign":
        value = _value(tree.parts[0], number)
        return None if value is None else -value
    return None
