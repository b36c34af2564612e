"""Find again in a workbook what the writer put there: maps, data and experiments.

A tab of xlsgd is known by the field ``xlsgd``, fields by their keys in that column, tables by the
quantities in their header row. So rows and columns may be inserted and tabs renamed.
"""

from __future__ import annotations

import shlex

from xlsgd.base.cells import Book, Grid, Values
from xlsgd.base.errors import ForeignWorkbookError, WorkbookError
from xlsgd.data.schema import PLAIN
from xlsgd.sheets.found_tab import MARKER, FoundTab, texts_of
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.kind import kinds, markers
from xlsgd.tabs.layouts import layouts

__all__ = ["find_lesson"]


def find_lesson(book: Book, values: Values, file: str) -> FoundWorkbook:
    """Return the maps, data and experiments of a workbook.

    file: its name, for messages.
    Raises WorkbookError if it is none of xlsgd's, or an input holds what cannot be used.
    """
    known, every = markers(), kinds().values()
    told = [pair for kind in every for pair in kind.markers.items()]
    tabs: dict[str, list[FoundTab]] = {name: [] for name in kinds()}
    unknown: dict[str, Grid] = {}
    for sheet, grid in book.sheets.items():
        tab = FoundTab.find(sheet, grid, values.get(sheet, {}), file, known)
        if tab is not None:
            tabs[tab.kind].append(tab)
            continue
        unknown[sheet] = grid
        texts = set(texts_of(grid).values())
        for marker, headers in told:
            if any(texts >= needed for needed in headers):
                # To pass over it would be to call a workbook right of which a tab was not looked
                # at.
                raise WorkbookError(
                    f"{file}: tab '{sheet}' has the headers of one of xlsgd's tabs, but no cell "
                    f"'{MARKER}' with '{marker}' beside it; restore these two cells, or "
                    "give the headers other words if the tab is your own"
                )
    if not any(tabs.values()):
        rows = next(iter(layouts().values())).marker
        raise ForeignWorkbookError(
            f"{file}: is no workbook of xlsgd: no tab has a cell '{MARKER}' with '{PLAIN}' or "
            f"'{rows}' beside it; xlsgd check {shlex.quote(str(file))} looks at workbooks of others"
        )
    found = FoundWorkbook(file, BookMap(TabMap(""), scopes=every))
    for kind in every:
        kind.find(tabs, found)
    for sheet, grid in unknown.items():
        for marker, why in filter(None, (kind.remains(sheet, grid, found.maps) for kind in every)):
            raise WorkbookError(
                f"{file}: tab '{sheet}' looks at tabs of xlsgd and, by {why}, was the one with "
                f"'{marker}' beside a cell '{MARKER}', but has lost that and its headers; restore "
                "them, or delete the tab, or give it another name and other words if it is your own"
            )
    for each in tabs.values():
        found.inputs += ((tab.sheet, position) for tab in each for position in sorted(tab.read))
    return found
