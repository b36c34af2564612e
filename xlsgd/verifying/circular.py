"""What there is to say of a workbook with a circular reference that takes an input away.

Without the input torch has nothing to train from. So the cells of the circle are named, all others
are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xlsgd.base.cells import Book, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.base.errors import WorkbookError
from xlsgd.checks.circles import Circles, listed
from xlsgd.report.report import Difference, SheetReport
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import address
from xlsgd.tabs.kind import markers

__all__ = ["circular_sheets"]

_WAITS = "waits for a circular reference"
_NOT_ASKED = "compared with nothing: an input of the workbook has no value"
_MOST = 1500
"""Letters of cells in a note."""

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]


def circular_sheets(
    book: Book, values: Values, circles: Circles
) -> tuple[list[SheetReport], list[str]]:
    """Return a report on every tab, with the cells of circles as what is wrong, and notes.

    values: as the engine has them.
    """
    sheets = [
        _sheet(name, grid, values.get(name, {}), circles) for name, grid in book.sheets.items()
    ]
    return sheets, list(_notes(circles))


def _sheet(
    name: str, grid: Grid, values: Mapping[Position, Scalar | Uncomputed], circles: Circles
) -> SheetReport:
    kind, fields = _known(name, grid)
    report = SheetReport(name, kind)
    headers = _headers(grid)
    for position, content in sorted(grid.items(), key=lambda item: item[0]):
        if not isinstance(content, Formula):
            continue
        report.formulas += 1
        place = name, position
        if place not in circles.why:
            reason = _WAITS if place in circles.waiting else _NOT_ASKED
            report.unchecked[address(position)] = reason
            continue
        quantity = fields.get(position) or _quantity(headers, position)
        report.differences.append(
            Difference(
                name,
                address(position),
                quantity,
                "pattern",
                circles.why[place],
                formula=str(content),
                sheet_value=values.get(position),
                order=(position not in fields, *position),
            )
        )
    # What somebody has typed in by hand is more likely the mistake than a row of a table.
    report.differences.sort(key=lambda found: found.order)
    report.cells_differing = len(report.differences)
    return report


def _known(name: str, grid: Grid) -> tuple[str, dict[Position, str]]:
    """Return the kind of a tab, as reports have it, and the keys of its fields by their place."""
    try:
        tab = FoundTab.find(name, grid, {}, "", markers())
    except WorkbookError:  # of another version
        tab = None
    if tab is None:
        return "other", {}
    return tab.kind, {position: key for key, position in tab.fields.items()}


def _headers(grid: Grid) -> dict[int, list[tuple[int, str]]]:
    """Return the single words of a tab by column, from the bottom up: headers are such."""
    found: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in sorted(texts_of(grid).items(), reverse=True):
        if re.fullmatch(r"\w[\w.]*", text):
            found.setdefault(column, []).append((row, text))
    return found


def _quantity(headers: Mapping[int, list[tuple[int, str]]], position: Position) -> str:
    row, column = position
    return next((text for above, text in headers.get(column, []) if above < row), "")


def _notes(circles: Circles) -> Iterator[str]:
    """Yield the circles, every cell of them, in notes that no report has to cut."""
    for circle in circles.circles:
        cells = list(listed(circle))
        if len(circle) == 1:
            yield f"circular reference: {cells[0]} needs itself"
            continue
        begin = f"circular reference of {len(circle):,} cells: "
        while cells:
            part = [cells.pop(0)]
            while cells and len(", ".join(part)) + len(cells[0]) < _MOST:
                part.append(cells.pop(0))
            yield f"{begin}{', '.join(part)}{'; and' if cells else ' need each other'}"
            begin = "its further cells: "
    waiting = len(circles.waiting)
    yield (
        f"{waiting:,} {'cell waits' if waiting == 1 else 'cells wait'} for "
        f"{'it' if len(circles.circles) == 1 else 'them'}, an input among the cells without a "
        "value: nothing was compared with torch; mend the formula that should not look there and "
        "check again"
    )
