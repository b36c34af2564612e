"""Formulas filled down a column, and the order in which to calculate them.

Most formulas of a sheet were filled down, and what they look at was filled down beside them. So
the order is found once for every such stretch of cells, not once for every cell. A stretch that
looks at others alone is calculated from its top to its bottom. Stretches that look at each other,
as a weight looks at the step of the row above and that step at the weight, make up a band, which
is calculated row by row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from xlsgd.engines.fast.components import components
from xlsgd.engines.fast.plans import Plan, Sheet

__all__ = ["Cell", "Stretch", "by_rows", "in_order", "row_order", "taken_apart"]

Cell = tuple[Plan, int]

MOST_EDGES = 50  # per cell; above it, looking for an order takes longer than doing without


class Stretch:
    """Cells below each other with the same plan: rows first to last."""

    __slots__ = ("first", "last", "needs", "plan")

    def __init__(self, plan: Plan, row: int) -> None:
        self.plan = plan
        self.first = self.last = row
        self.needs: list[Stretch] = []

    def __len__(self) -> int:
        return self.last - self.first + 1

    def cells(self) -> Iterator[Cell]:
        """Yield the cells from top to bottom."""
        return ((self.plan, row) for row in range(self.first, self.last + 1))

    def pieces(self) -> list[Stretch]:
        """Return every cell as a stretch of its own."""
        return [Stretch(plan, row) for plan, row in self.cells()]


def in_order(stretches: Sequence[Stretch]) -> list[list[Stretch]] | None:
    """Return the stretches such that what a stretch needs comes before it.

    Those that need each other stand together, in the order in which they came.  None if they look
    at each other so often that finding the order is not worth it.
    """
    columns: dict[tuple[Sheet, int], list[Stretch]] = {}
    for stretch in stretches:
        columns.setdefault((stretch.plan.sheet, stretch.plan.column), []).append(stretch)
    starts = {key: [stretch.first for stretch in found] for key, found in columns.items()}
    allowed = MOST_EDGES * sum(map(len, stretches))
    for stretch in stretches:
        seen: dict[int, Stretch] = {}
        for sheet, top, left, bottom, right in stretch.plan.areas(stretch.first, stretch.last):
            for column in range(left, min(right, sheet.last_column) + 1):
                key = sheet, column
                if key not in columns:
                    continue
                there = columns[key]
                begin = max(0, bisect_left(starts[key], top + 1) - 1)
                for other in islice(there, begin, None):
                    if other.first > bottom:
                        break
                    if other.last >= top:
                        seen[id(other)] = other
        stretch.needs = list(seen.values())
        allowed -= len(stretch.needs)
        if allowed < 0:
            return None
    place = {stretch: i for i, stretch in enumerate(stretches)}
    needs = {stretch: stretch.needs for stretch in stretches}
    return [sorted(group, key=place.__getitem__) for group in components(needs)]


def row_order(group: Sequence[Stretch]) -> list[Stretch] | None:
    """Return in which order the cells of a row are calculated if it can be done row by row.

    None if a cell needs one of a later row, or one that stands in the same row wherever it is.
    """
    members = set(group)
    in_row: dict[Stretch, list[Stretch]] = {stretch: [] for stretch in group}
    for stretch in group:
        if stretch.plan.sheet is not group[0].plan.sheet:
            return None
        if members.isdisjoint(stretch.needs):
            continue
        for other in members.intersection(stretch.needs):
            furthest = stretch.plan.furthest_row(other.plan.column, other.first, other.last)
            if furthest is None or furthest > 0:
                return None
            if furthest == 0:
                in_row[stretch].append(other)
    ordered = components(in_row)
    if any(len(group) > 1 or group[0] in in_row[group[0]] for group in ordered):
        return None
    return [group[0] for group in ordered]


def taken_apart(group: Sequence[Stretch]) -> list[list[Stretch]]:
    """Return a group again, with what goes on from row to row taken apart into single cells.

    So a table of steps, each with a row of its own, no longer ties together the columns that
    every step looks at.  Ordered as by ``in_order``; empty if that changes nothing.
    """
    members = set(group)
    linked: dict[Stretch, list[Stretch]] = {stretch: [] for stretch in group}
    waiting: list[Stretch] = []
    for stretch in group:
        for other in members.intersection(stretch.needs):
            if stretch.plan.sheet is not other.plan.sheet:
                continue
            furthest = stretch.plan.furthest_row(other.plan.column, other.first, other.last)
            if furthest == 0:
                linked[stretch].append(other)
                linked[other].append(stretch)
            elif furthest is not None:
                waiting += [stretch, other]
    apart: set[Stretch] = set()
    while waiting:
        stretch = waiting.pop()
        if stretch not in apart:
            apart.add(stretch)
            waiting += linked[stretch]
    if all(len(stretch) == 1 for stretch in apart):
        return []
    pieces = [
        piece
        for stretch in group
        for piece in (stretch.pieces() if stretch in apart else [stretch])
    ]
    return in_order(pieces) or []


def by_rows(group: Sequence[Stretch], first: int, last: int) -> list[Cell]:
    """Return the cells of some stretches in these rows, row by row."""
    found = [
        (row, place, stretch.plan)
        for place, stretch in enumerate(group)
        for row in range(max(first, stretch.first), min(last, stretch.last) + 1)
    ]
    found.sort(key=lambda cell: cell[:2])
    return [(plan, row) for row, _, plan in found]
