"""What decides which part of a formula counts, and formulas that show how it was decided.

A comparison, a function that asks, and one that chooses among its arguments: each is a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xlsgd.formula.tree import COMPARISONS, Node, nodes_of, replaced

__all__ = [
    "all_numbers",
    "asked",
    "border_of",
    "both_ways",
    "branches",
    "chosen",
    "conditions",
    "fails",
    "nothing_to_nothing",
    "on_the_border",
    "truth",
]

_CHOOSING = frozenset(("MAX", "MIN"))
_FAILING = frozenset(("ISNUMBER", "ISERROR", "ISERR"))
_ASKING = _FAILING | {"ISTEXT", "ISBLANK", "AND", "OR", "NOT"}


def conditions(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield what decides which part of a formula counts."""
    for node in nodes:
        if (node.kind == "operator" and node.value in COMPARISONS) or (
            node.kind == "call" and node.value in _ASKING
        ):
            yield node
        if node.kind == "call" and node.value in _CHOOSING and len(node.parts) > 1:
            yield from (Node("operator", "=", (part, node)) for part in node.parts)


def _bounded(node: Node) -> Iterator[Node]:
    """Yield comparisons of what is kept above or below a number with that number."""
    if node.kind == "call" and node.value in _CHOOSING:
        for bound in node.parts:
            if not any(n.kind == "reference" for n in nodes_of(bound)):
                others = (part for part in node.parts if part != bound)
                yield from (Node("operator", "<", (part, bound)) for part in others)


def asked(tree: Node) -> list[Node]:
    """Return what a formula asks about, whether it is a number or an error."""
    calls = [n for n in nodes_of(tree) if n.kind == "call" and n.value in _FAILING]
    return list(dict.fromkeys(part for call in calls for part in call.parts))


def all_numbers(tree: Node) -> Node | None:
    """Return a condition that holds where all that a formula asks about are numbers, None where
    it asks about nothing."""
    each = tuple(Node("call", "ISNUMBER", (part,)) for part in asked(tree))
    return Node("call", "AND", each) if each else None


Way = tuple[tuple[Node, bool], ...]
"""How to come to a branch: the tests of the IFs on the way, and how each has to come out."""


def branches(tree: Node, way: Way = ()) -> Iterator[tuple[Way, Node]]:
    """Yield every branch of every IF, and how a calculation comes there.

    A condition that stands in two places is one condition, and has the branches of both.
    """
    choice = tree.kind == "call" and tree.value == "IF"
    for i, part in enumerate(tree.parts):
        there = (*way, (tree.parts[0], i == 1)) if choice and i else way
        if choice and i:
            yield there, part
        yield from branches(part, there)


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
        marks = (Node("number", 1111.0), Node("number", 2222.0))
        # A branch in which the condition stands once more shows there how it came out; it may
        # be words.
        branches = (
            Node("operator", "&", (mark, _shown(branch, condition)))
            if condition in nodes_of(branch)
            else mark
            for mark, branch in zip(marks, tree.parts[1:], strict=False)
        )
        return Node("call", "IF", (_shown(tree.parts[0], condition), *branches))
    parts = tuple(_shown(part, condition) for part in tree.parts)
    return Node(tree.kind, tree.value, parts)


def on_the_border(condition: Node) -> Iterator[tuple[Node, Node]]:
    """Yield cells of a comparison, and with what in the cell both sides are the same number; and
    those that MAX or MIN compares with a written number.

    Right where a side is linear in the cell, and close to the border in many other cases.
    """
    for bound in _bounded(condition):
        yield from on_the_border(bound)
    if condition.value not in COMPARISONS or len(condition.parts) != 2:  # a text may be ">"
        return
    for side, other in (condition.parts, condition.parts[::-1]):
        for cell in dict.fromkeys(n for n in nodes_of(side) if n.kind == "reference"):
            if cell not in nodes_of(other):
                begin, one = (replaced(side, cell, Node("number", n)) for n in (0.0, 1.0))
                rise = Node("operator", "-", (other, begin)), Node("operator", "-", (one, begin))
                yield cell, other if cell == side else Node("operator", "/", rise)


def border_of(condition: Node) -> Node:
    """Return what holds on the border between a condition that holds and one that does not."""
    if condition.kind == "operator" and condition.value not in ("=", "<>"):
        return Node("operator", "=", condition.parts)
    return Node("truth", True)


def truth(value: object) -> bool | None:
    """Return how a test came out, None where it gave no number."""
    return bool(value) if isinstance(value, bool | float) else None


def fails(node: Node) -> bool:
    """Return whether a part of a formula gives an error, whatever stands in the cells."""
    return node.kind == "error" or (node.kind, node.value) == ("call", "NA")
