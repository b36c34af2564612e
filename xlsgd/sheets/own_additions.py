"""What a learner has added, told from what xlsgd wrote: copies of tabs, columns beside the data
that no net learns from, sums below a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from xlsgd.base.cells import Formula, Grid, Position
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TableMap, quoted

__all__ = ["learned_columns", "looked_at", "looks_at", "without_sums"]


def looks_at(grid: Grid, sheet: str) -> bool:
    """Return whether a formula of a grid looks at a sheet."""
    names = {f"{name}!".lower() for name in (quoted(sheet), "'" + sheet.replace("'", "''") + "'")}
    name = re.compile("|".join(rf"(?<![\w.'!]){re.escape(n)}" for n in sorted(names)))
    return any(
        isinstance(content, Formula) and "!" in content and name.search(content.lower())
        for content in grid.values()
    )


def looked_at(tabs: Sequence[FoundTab], by: Iterable[FoundTab]) -> list[FoundTab]:
    """Return those of some tabs at which others look; all of them where that says nothing.

    A tab that a learner has copied is looked at by nobody.
    """
    if len(tabs) < 2:
        return list(tabs)
    grids = [tab.grid for tab in by]
    return [tab for tab in tabs if any(looks_at(grid, tab.sheet) for grid in grids)] or list(tabs)


def learned_columns(names: Iterable[str], training: Sequence[FoundTab]) -> list[str]:
    """Return the columns of data that nets learn from: ``x``, or ``x1``, ``x2`` and so on.

    names: the headers that could be meant.   training: the tabs of the nets, whose tables have
    a column for each; in a layout whose tables have none, all are meant.
    """
    found = list(names)
    if "x" in found:
        return ["x"]
    texts = [set(texts_of(tab.grid).values()) for tab in training]
    return [name for name in found if all(name in each for each in texts)] or found


def without_sums(tab: FoundTab, table: TableMap, raw: Iterable[str]) -> list[int]:
    """Return the rows of a table without those that hold formulas alone, such as sums below it.

    raw: the columns into which something is typed in every row.
    """
    columns = [table.columns[name] for name in raw if name in table.columns]
    typed = [
        {row for row in table.rows if _is_typed(tab.grid, (row, column))} for column in columns
    ]
    return [row for row in table.rows if any(row in rows for rows in typed)]


def _is_typed(grid: Mapping[Position, object], position: Position) -> bool:
    content = grid.get(position)
    return content is not None and not isinstance(content, Formula)
