"""Stretches that look at each other, cell by cell in the order of time: row by row, or column by
column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlsgd.engines.fast.components import components
from xlsgd.graph.cells import Cell
from xlsgd.graph.looks import Looks
from xlsgd.graph.runs import Index, Run, spanned
from xlsgd.graph.store import Key

__all__ = ["by_time"]


def by_time(
    group: Sequence[Run], needs: Mapping[Run, Sequence[Run]], looks: Mapping[Run, Looks]
) -> list[Cell] | None:
    """Return the cells of runs that look at each other row by row, or column by column; None if
    none of them looks back only."""
    for axis in (1, 2):
        ordered = _within(group, needs, looks, axis)
        if ordered is None:
            continue
        found: list[tuple[int, int, Key]] = []
        for place, run in enumerate(ordered):
            found += [(cell[1:][axis - 1], place, cell) for cell in run.cells()]
        found.sort()
        return [Cell(*cell) for _, _, cell in found]
    return None


def _within(
    group: Sequence[Run],
    needs: Mapping[Run, Sequence[Run]],
    looks: Mapping[Run, Looks],
    axis: int,
) -> list[Run] | None:
    """Return in which order the cells of a row (axis 1) or a column (axis 2) are calculated; None
    if one looks at a later one."""
    members = set(group)
    index = Index(group)
    here: dict[Run, list[Run]] = {run: [] for run in group}
    for run in group:
        if run.written.area is not None:
            return None
        if members.isdisjoint(needs[run]):
            continue
        found = looks[run]
        for slot in (*found.rest, *found.bases):
            offset = _furthest(run, slot.corners, axis)
            seen = index.inside(slot.sheet or run.first[0], spanned(run, slot))
            if not seen:
                continue
            if offset > 0:
                return None
            if offset == 0:
                here[run] += seen
    ordered = components(here)
    if any(len(each) > 1 or each[0] in here[each[0]] for each in ordered):
        return None
    return [each[0] for each in ordered]


def _furthest(run: Run, corners: tuple[tuple[bool, int], ...], axis: int) -> int:
    """Return how far ahead of its own row or column a formula looks at most; a number below 0 if
    it looks back."""
    first = run.first[1:][axis - 1]
    return max(
        number - first if fixed else number
        for fixed, number in (corners[axis - 1], corners[axis + 1])
    )
