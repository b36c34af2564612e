"""How far the data reach: to the last row that the training formulas look at.

What stands below the data, a sum or a note, is not told from data by how it looks: a row of data
may consist of formulas, and a note may be a number. But the formulas of training say which rows
they read.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from xlsgd.base.cells import Formula, Grid

__all__ = ["reach"]

_CORNER = r"\$?[a-z]{1,3}\$?([0-9]+)(?![0-9a-z(_.])"
_AREA = rf"{_CORNER}(?::{_CORNER})?"


def reach(sheet: str, grids: Iterable[Grid]) -> int | None:
    """Return the last row of a sheet that formulas of other tabs look at, None if they look at
    none or at whole columns.

    grids: of the training tabs.
    A range that a mistake has made longer or shorter does not count: of ranges that begin in the
    same row most have to end there.
    """
    # All formulas at once, and a name at a time: a workbook has a hundred thousand of them.
    names = f"{sheet}!", "'{}'!".format(sheet.replace("'", "''"))
    # What stands before the name is looked at last, so that the search is for plain text.
    plain = [re.escape(name.lower()) for name in names]
    areas = [re.compile(rf"{name}(?<![\w.']{name}){_AREA}") for name in plain]
    ends: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for grid in grids:
        text = "\n".join(c for c in grid.values() if isinstance(c, Formula) and "!" in c).lower()
        for area in areas:
            for begin, end in area.findall(text):
                first, last = sorted((int(begin), int(end or begin)))
                ends[first][last] += 1
    if not ends:
        return None
    usual = {
        first: max(c.items(), key=lambda item: (item[1], -item[0])) for first, c in ends.items()
    }
    # In some layouts every batch has ranges of its own, and every row of data its formulas. They
    # are many; a reader's own look at the data is not.
    most = max(count for _, count in usual.values())
    return max(last for last, count in usual.values() if 2 * count > most)
