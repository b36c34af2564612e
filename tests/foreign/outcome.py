"""Whether a report names the mistake that was made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.foreign.judged import said, same_cell
from tests.foreign.mutations import Mutation, Runs
from tests.foreign.plans import address, position

if TYPE_CHECKING:
    from xlsgd.foreign.findings import CheckReport, Finding

__all__ = ["Outcome", "may_be_made", "outcome", "wrong_columns"]


@dataclass(frozen=True)
class Outcome:
    """found: a finding that was not there before.   exact: one of its cells among all new ones.
    first: the first new one.   near: or a cell that looks at it.   words: the first of them."""

    found: bool
    exact: bool
    first: bool
    near: bool
    kind: str
    words: str


def wrong_columns(report: CheckReport) -> set[tuple[str, int]]:
    """Return the tabs and columns in which a report calls something wrong."""
    return {(finding.cell.sheet, finding.cell.column) for finding in report.findings}


def may_be_made(mutation: Mutation, before: Collection[tuple[str, int]]) -> bool:
    """Return whether all of a mistake stands in columns that were right."""
    places = (cell.rpartition("!") for cell in mutation.cells)
    return not any((sheet.lower(), position(where)[1]) in before for sheet, _, where in places)


def outcome(
    report: CheckReport, before: Collection[tuple[str, int]], mutation: Mutation
) -> Outcome:
    """Return what a report says of a mistake.   before: columns that were wrong already."""
    new = [f for f in report.findings if (f.cell.sheet, f.cell.column) not in before]
    cells = {same_cell(cell) for cell in mutation.cells}
    first = _place(new[0]) if new else ""
    return Outcome(
        bool(new),
        any(_place(finding) in cells for finding in new),
        first in cells,
        first in cells or (bool(new) and first in _readers(mutation, cells)),
        new[0].kind if new else "",
        said(new[0]) if new else "",
    )


def _place(finding: Finding) -> str:
    return str(finding.cell).lower()


def _readers(mutation: Mutation, cells: set[str]) -> set[str]:
    """Return the cells that look at the wrong ones."""
    found = set()
    for (sheet, place), key in Runs(mutation.book).keys.items():
        for slot in key.slots:
            if slot.kind in ("row", "column"):
                continue
            where = (slot.sheet or sheet).lower()
            top, left, bottom, right = slot.at(*place)
            if (bottom - top + 1) * (right - left + 1) > 1000:
                continue
            if any(
                f"{where}!{address(r, c)}".lower() in cells
                for r in range(top, bottom + 1)
                for c in range(left, right + 1)
            ):
                found.add(f"{sheet}!{address(*place)}".lower())
    return found
