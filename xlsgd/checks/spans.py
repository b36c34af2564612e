"""Where the tables of a workbook ended before a learner cut them short.

Rows that are cleared at the end of a table leave the ranges over it as they were: they end where
the table ended before, all of them.  A range that ends anywhere else has been changed.  And what a
table was before fits the others: there was a step for every row of data in every epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xlsgd.base.cells import Book, Formula
from xlsgd.formula.tree import Reference, nodes_of, parse
from xlsgd.sheets.maps import BookMap, TableMap, TabMap

__all__ = ["Span", "shortened"]


@dataclass(frozen=True)
class Span:
    """A table that has been cut short.

    sheet: in lower case.   first, last: its first and last row now.   former: its last row before.
    columns: the numbers of its columns.
    """

    sheet: str
    first: int
    last: int
    former: int
    columns: frozenset[int]


def shortened(book: Book, maps: BookMap) -> list[Span]:
    """Return the tables whose ranges end below them: most of them, and at the same row."""
    ends: dict[tuple[str, int, int], Counter[int]] = {}  # by sheet, first row and column
    for sheet, formula in _formulas(book, maps):
        seen = set()
        tree = parse(formula)
        for node in () if tree is None else nodes_of(tree):
            if isinstance(node.value, Reference) and node.value.area.is_range:
                (_, top), (_, left), (_, bottom), (_, right) = node.value.area.corners
                if left == right and bottom >= top:
                    seen.add((node.value.sheet or sheet.lower(), top, left, bottom))
        for name, top, column, bottom in seen:
            ends.setdefault((name, top, column), Counter())[bottom] += 1
    found = []
    for tab in maps:
        for table in tab.tables.values():
            former = _former(table, tab.sheet.lower(), ends)
            if former is not None:
                columns = frozenset(table.columns.values())
                sheet = tab.sheet.lower()
                found.append(Span(sheet, table.rows[0], table.rows[-1], former, columns))
    return [span for span in found if _fits(span, found, maps)]


def _fits(span: Span, spans: list[Span], maps: BookMap) -> bool:
    """Return whether the former lengths of tables fit each other, with this one among them.

    Where tables cannot shrink there is nothing to tell.
    """

    def length(tab: TabMap, name: str) -> int:
        table, sheet = tab.tables[name], tab.sheet.lower()
        columns = frozenset(table.columns.values())
        # Others may begin in the same row.
        more = [s.former - s.last for s in spans if (s.sheet, s.columns) == (sheet, columns)]
        return len(table.rows) + sum(more[:1])

    rows = length(maps.data, "data") if maps.data.tables else 1
    compared = {
        tab.sheet.lower(): length(tab, "losses")
        for tab in maps
        if "losses" in tab.tables and tab.tables["losses"].rows
    }
    fits = []
    for tab in maps.training.values():
        if not tab.can_shrink:
            return True
        epochs = length(tab, "epochs")
        right = length(tab, "steps") == rows * epochs
        if span.sheet == tab.sheet.lower():
            return right
        if span.sheet in compared:
            fits.append(compared[span.sheet] == epochs)
        else:
            fits.append(right)
    return any(fits)


def _former(
    table: TableMap, sheet: str, ends: Mapping[tuple[str, int, int], Counter[int]]
) -> int | None:
    if not table.rows:
        return None
    votes: Counter[int] = Counter()
    for column in set(table.columns.values()):
        votes += ends.get((sheet, table.rows[0], column), Counter())
    if not votes:
        return None
    last = table.rows[-1]
    former, most = votes.most_common(1)[0]
    return former if former > last and 2 * most > votes.total() else None


def _formulas(book: Book, maps: BookMap) -> Iterator[tuple[str, str]]:
    """Yield the formulas that say how far tables reach, with their sheets: the fields, and of
    every table its first rows and its last."""
    for tab in maps:
        grid = book.sheets[tab.sheet]
        places = list(tab.fields.values())
        for table in tab.tables.values():
            rows = {*table.rows[:2], *table.rows[-1:]}
            places += [(row, column) for row in rows for column in table.columns.values()]
        for row in tab.runs.values():
            places += [(row, column) for column in tab.tables["runs"].columns.values()]
        for place in sorted(set(places)):
            content = grid.get(place)
            if isinstance(content, Formula):
                yield tab.sheet, str(content)
