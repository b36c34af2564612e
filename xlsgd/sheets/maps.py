"""Where things stand: the map of a tab, and how a template turns into a formula with addresses.

The writer draws such maps, the reader finds them again in a file. In between a learner may have
inserted rows and columns, renamed tabs and saved with another program: a map is found by the
words in the sheet, never by fixed positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xlsgd.cells import Position, column_letters
from xlsgd.columns import Column, fill

__all__ = ["BookMap", "TabMap", "TableMap", "address", "column_contents", "formula_maker", "quoted"]


@dataclass
class TableMap:
    """A table: quantity names in a header row, numbers below.

    columns: quantity to column number.   rows: numbers of its rows in the sheet, top to bottom.
    """

    header_row: int
    columns: dict[str, int]
    rows: list[int]

    def cell(self, quantity: str, index: int) -> Position:
        """Return the position of a quantity in the row of that index, from 0."""
        return self.rows[index], self.columns[quantity]


@dataclass
class TabMap:
    """A tab: fields (a key, its value beside it) and tables."""

    sheet: str
    fields: dict[str, Position] = field(default_factory=dict)
    tables: dict[str, TableMap] = field(default_factory=dict)


@dataclass
class BookMap:
    """All tabs that xlsgd knows.

    training: experiment id to map, in tab order.
    """

    data: TabMap
    training: dict[str, TabMap] = field(default_factory=dict)
    compare: TabMap | None = None


def address(position: Position, absolute: bool = False) -> str:
    """Return a position as Excel writes it: ``B4``, or ``$B$4`` where absolute."""
    row, column = position
    letter = column_letters(column)
    return f"${letter}${row}" if absolute else f"{letter}{row}"


def quoted(sheet: str) -> str:
    """Return a sheet's name as it stands before ``!`` in a formula."""
    plain = sheet.isascii() and sheet.isidentifier()
    return (
        sheet if plain and not _looks_like_a_cell(sheet) else "'" + sheet.replace("'", "''") + "'"
    )


def _looks_like_a_cell(name: str) -> bool:
    letters = name.rstrip("0123456789")
    return (letters != name and len(letters) <= 3) or name.upper() in ("R", "C", "RC")


def formula_maker(
    template: str, book: BookMap, tab: TabMap, table: str = ""
) -> Callable[[int], str]:
    """Return a function that gives the template's formula for a row of the sheet.

    table: the table in which the formula stands; plain names are first looked for there, then
    among the fields of the tab. Names are as in xlsgd.columns, and ``{@id.name}`` is a name on
    the tab of experiment id.
    Raises KeyError for a name that the maps do not have.
    """

    def cell(name: str) -> str:
        prefix = ""
        here, own = tab, tab.tables.get(table)
        if name.startswith("@"):
            experiment, _, name = name[1:].partition(".")
            here, own = book.training[experiment], None
            prefix = f"{quoted(here.sheet)}!"
        if own is not None and name in own.columns:
            return column_letters(own.columns[name]) + "{row}"
        head, _, rest = name.partition(".")
        if head == "prev" and own is not None:
            if rest in own.columns:
                return column_letters(own.columns[rest]) + "{above}"
        elif head == "first":
            return prefix + address(here.tables["steps"].cell(rest, 0))
        elif head == "data":
            return f"{quoted(book.data.sheet)}!{_range(book.data.tables['data'], rest)}"
        elif head in here.tables:
            return prefix + _range(here.tables[head], rest)
        return prefix + address(here.fields[name], absolute=True)

    text = fill(template, cell)
    return lambda row: text.replace("{row}", str(row)).replace("{above}", str(row - 1))


def column_contents(
    column: Column, book: BookMap, tab: TabMap, table: str
) -> Iterator[tuple[int, str | float]]:
    """Yield what stands in a column of a table: row of the sheet, and formula or number."""
    rows = tab.tables[table].rows
    first = column.first_formula
    if first.startswith("="):
        yield rows[0], formula_maker(first, book, tab, table)(rows[0])
    else:
        yield rows[0], float(first)
    make = formula_maker(column.formula, book, tab, table)
    yield from ((row, make(row)) for row in rows[1:])


def _range(table: TableMap, quantity: str) -> str:
    column = table.columns[quantity]
    first, last = (address((row, column), absolute=True) for row in (table.rows[0], table.rows[-1]))
    return f"{first}:{last}"
