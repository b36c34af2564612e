"""What decides which part of a formula counts, and formulas that show how it was decided.

A comparison, a function that asks, and one that chooses among its arguments: each is a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xlsgd.formula.tree import COMPARISONS, Node, nodes_of, replaced

__all__ = ["border_of", "both_ways", "chosen", "conditions", "nothing_to_nothing"]

_CHOOSING = frozenset(("MAX", "MIN"))
_ASKING = frozenset(("ISNUMBER", "ISERROR", "ISERR", "ISTEXT", "ISBLANK", "AND", "OR", "NOT"))


def conditions(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield what decides which part of a formula counts."""
    for node in nodes:
        if (node.kind == "operator" and node.value in COMPARISONS) or (
            node.kind == "call" and node.value in _ASKING
        ):
            yield node
        if node.kind == "call" and node.value in _CHOOSING and len(node.parts) > 1:
            yield from (Node("operator", "=", (part, node)) for part in node.parts)


def nothing_to_nothing(said: Node, wanted: Node) -> Iterator[Node]:
    """Yield conditions that hold where a power that only one formula has is 0^0."""
    both = [set(nodes_of(tree)) for tree in (said, wanted)]
    zero = Node("number", 0.0)
    for node in both[0] ^ both[1]:
        if (node.kind, node.value) == ("operator", "^"):
            parts = tuple(Node("operator", "=", (part, zero)) for part in node.parts)
            yield Node("call", "AND", parts)


def chosen(condition: Node) -> bool:
    """Return whether a condition is that a function chooses one of its arguments."""
    if condition.value != "=" or len(condition.parts) != 2:
        return False
    part, whole = condition.parts
    return whole.kind == "call" and whole.value in _CHOOSING and part in whole.parts


def both_ways(tree: Node, condition: Node) -> tuple[Node, Node]:
    """Return a tree that shows how a condition came out, and one that shows the opposite."""
    if chosen(condition):
        part, whole = condition.parts
        rest = list(whole.parts)
        rest.remove(part)
        return tree, replaced(tree, whole, Node("call", whole.value, tuple(rest)))
    shown = _shown(tree, condition)
    return shown, replaced(shown, condition, Node("call", "NOT", (condition,)))


def _shown(tree: Node, condition: Node) -> Node:
    """Return a tree in which two branches between which a condition chooses never give the same."""
    if tree == condition or condition not in nodes_of(tree):
        return tree
    if tree.kind == "call" and tree.value == "IF" and condition in nodes_of(tree.parts[0]):
        branches = (Node("number", 1111.0), Node("number", 2222.0))
        return Node("call", "IF", (_shown(tree.parts[0], condition), *branches))
    parts = tuple(_shown(part, condition) for part in tree.parts)
    return Node(tree.kind, tree.value, parts)


def border_of(condition: Node) -> Node:
    """Return what holds on the border between a condition that holds and one that does not."""
    if condition.kind == "operator" and condition.value not in ("=", "<>"):
        return Node("operator", "=", condition.parts)
    return Node("truth", True)
