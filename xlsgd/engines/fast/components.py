"""Which of the things that need each other need themselves, and in which order the others come."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

__all__ = ["components", "in_a_circle"]

Node = TypeVar("Node", bound=Hashable)


def in_a_circle(needs: Mapping[Node, Sequence[Node]]) -> dict[Node, int]:
    """Return the nodes that need themselves, directly or by way of others, each with a number.

    Nodes that need each other have the same number.

    needs: what each node needs; all of it must be in the mapping too.
    """
    circles: dict[Node, int] = {}
    for number, group in enumerate(components(needs)):
        if len(group) > 1 or group[0] in needs[group[0]]:
            circles.update(dict.fromkeys(group, number))
    return circles


def components(needs: Mapping[Node, Sequence[Node]]) -> list[list[Node]]:
    """Return the nodes in groups that need each other, a group after all groups that it needs.

    needs: as for ``in_a_circle``.
    Source: Tarjan 1972, strongly connected components, with a stack of its own, since chains of
    cells are longer than Python's.
    """
    found: dict[Node, int] = {}  # number in the order of discovery
    lowest: dict[Node, int] = {}  # the earliest node on the path that can be reached
    path: list[Node] = []
    on_path: set[Node] = set()
    groups: list[list[Node]] = []
    for start in needs:
        if start in found:
            continue
        work = [(start, iter(needs[start]))]
        found[start] = lowest[start] = len(found)
        path.append(start)
        on_path.add(start)
        while work:
            node, rest = work[-1]
            needed = next(rest, None)
            if needed is None:
                work.pop()
                if work:
                    parent = work[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == found[node]:
                    component: list[Node] = []
                    while not component or component[-1] != node:
                        component.append(path.pop())
                    on_path.difference_update(component)
                    groups.append(component)
            elif needed not in found:
                found[needed] = lowest[needed] = len(found)
                path.append(needed)
                on_path.add(needed)
                work.append((needed, iter(needs[needed])))
            elif needed in on_path:
                lowest[node] = min(lowest[node], found[needed])
    return groups
