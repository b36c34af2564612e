"""Where things stand: the map of a tab, and how a template turns into a formula with addresses.

The writer draws such maps, the reader finds them again in a file. In between a learner may have
inserted rows and columns, renamed tabs and saved with another program: a map is found by the
words in the sheet, never by fixed positions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Self

from xlsgd.base.cells import Position, column_letters
from xlsgd.base.columns import Column

__all__ = [
    "BookMap",
    "Reference",
    "Scope",
    "TabMap",
    "TableMap",
    "address",
    "column_contents",
    "data_range",
    "formula_maker",
    "quoted",
    "range_in",
]


@dataclass
class TableMap:
    """A table: quantity names in a header row, numbers below.

    columns: quantity to column number.   rows: numbers of its rows in the sheet, top to bottom.
    """

    header_row: int
    columns: dict[str, int]
    rows: list[int]
    _places: tuple[list[int], dict[int, int]] | None = field(default=None, repr=False)

    def cell(self, quantity: str, index: int) -> Position:
        """Return the position of a quantity in the row of that index, from 0."""
        return self.rows[index], self.columns[quantity]

    @property
    def span(self) -> str:
        """The cells of the table without its headers, such as ``K6:T25``."""
        first, last = min(self.columns.values()), max(self.columns.values())
        return f"{address((self.rows[0], first))}:{address((self.rows[-1], last))}"

    def above(self, row: int) -> int:
        """Return the row above, which may lie higher up where a row has been inserted."""
        place = self.place(row)
        return self.rows[place - 1] if place else row - 1

    @classmethod
    def laid_out(cls, header_row: int, quantities: Iterable[str], left: int, rows: range) -> Self:
        """Return a table whose columns stand side by side, the first of them in column left."""
        return cls(header_row, {name: left + i for i, name in enumerate(quantities)}, list(rows))

    def place(self, row: int) -> int:
        """Return the index of a row of the sheet; the inverse of ``rows``."""
        if self._places is None or self._places[0] is not self.rows:
            self._places = self.rows, {number: i for i, number in enumerate(self.rows)}
        return self._places[1][row]


Reference = str | Callable[[int], str]
"""An address in which ``{row}`` and ``{above}`` stand for rows, or how to get it from the row."""


class Scope:
    """Names in templates that stand for something in some tabs only.

    heads: what such names begin with: ``batch`` for ``{batch.loss}``.
    """

    heads: ClassVar[tuple[str, ...]] = ()

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        """Return what ``{head.name}`` stands for in a table of a tab.

        Raises KeyError for a name that the maps do not have.
        """
        raise KeyError(f"{head}.{name}")


@dataclass
class TabMap:
    """A tab: fields (a key, its value beside it) and tables.

    scope: gives the names in templates that this tab alone knows.
    runs: where the tab shows runs side by side, the row of each experiment.
    sets_rates: whether their learning rates are typed in there.
    can_shrink: whether rows cleared at the end of its tables leave shorter tables.
    follows: the experiments whose whole runs it shows.
    earlier_format: whether a version wrote it whose charts drew losses beyond them along their
        edge.
    """

    sheet: str
    fields: dict[str, Position] = field(default_factory=dict)
    tables: dict[str, TableMap] = field(default_factory=dict)
    scope: Scope | None = None
    runs: dict[str, int] = field(default_factory=dict)
    sets_rates: bool = False
    can_shrink: bool = True
    follows: tuple[str, ...] = ()
    earlier_format: bool = False


@dataclass
class BookMap:
    """All tabs that xlsgd knows.

    Templates speak of two: of the data, as in ``{data.x}``, and of an experiment, as in
    ``{@id.last_loss}``. All others have names by a scope.

    data: of the rows that nets learn from.   training: experiment id to map, in tab order.
    tabs: the others, by the name of their kind, and by what they show.
    scopes: give the names in templates that stand for cells of a tab of some kind.
    """

    data: TabMap
    training: dict[str, TabMap] = field(default_factory=dict)
    tabs: dict[str, dict[str, TabMap]] = field(default_factory=dict)
    scopes: Collection[Scope] = ()

    def of(self, kind: str) -> dict[str, TabMap]:
        """Return the tabs of a kind, by what they show."""
        return self.tabs.setdefault(kind, {})

    def by_kind(self) -> Iterator[tuple[str, Iterable[TabMap]]]:
        """Yield the tabs of every kind."""
        yield "data", [self.data]
        yield "training", self.training.values()
        yield from ((kind, tabs.values()) for kind, tabs in self.tabs.items())

    def __iter__(self) -> Iterator[TabMap]:
        for _, tabs in self.by_kind():
            yield from tabs


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
    among the fields of the tab. Names are as in xlsgd.base.columns and
    xlsgd.tabs.layouts.blocks.columns, and ``{@id.name}`` is a name on the tab of experiment id.
    Raises KeyError for a name that the maps do not have.
    """
    places = _Places(book, tab, table)
    pieces = _PIECES.split(template)
    texts = [piece if i % 2 == 0 else places.reference(piece) for i, piece in enumerate(pieces)]
    for i in range(1, len(pieces), 2):
        if isinstance(text := texts[i], str) and pieces[i - 1].endswith(_INDEX):
            texts[i] = _two_cells(text)
    moving = [text for text in texts if not isinstance(text, str)]
    if not moving:
        text = "".join(map(str, texts))
        if "{above}" not in text:
            return lambda row: text.replace("{row}", str(row))
        above = tab.tables[table].above
        return lambda row: text.replace("{row}", str(row)).replace("{above}", str(above(row)))

    def formula(row: int) -> str:
        text = "".join([text if isinstance(text, str) else text(row) for text in texts])
        if "{above}" in text:
            text = text.replace("{above}", str(tab.tables[table].above(row)))
        return text.replace("{row}", str(row))

    return formula


_INDEX = "INDEX("
_ONE_CELL = re.compile(r"(.*\$[A-Z]+\$)(\d+):(\$[A-Z]+\$)(\d+)")


def _two_cells(text: str) -> str:
    """Return the cells of a column of one row with the empty one below: Gnumeric finds nothing in a
    range of one cell."""
    match = _ONE_CELL.fullmatch(text)
    if match is None or match[2] != match[4] or not match[1].endswith(match[3]):
        return text
    return f"{match[1]}{match[2]}:{match[3]}{int(match[4]) + 1}"


_PIECES = re.compile(r"\{([^{}]+)\}")


class _Places:
    """Finds what the names in the templates of one table stand for."""

    def __init__(self, book: BookMap, tab: TabMap, table: str) -> None:
        self._book, self._tab, self._table = book, tab, table
        self._own = tab.tables.get(table)

    def reference(self, name: str) -> Reference:
        """Return what a name stands for; of two names with a colon, the cells from one to the
        other."""
        first, colon, last = name.partition(":")
        begin = self._one(first)
        if not colon:
            return begin
        end = self._one(last)
        if isinstance(begin, str) and isinstance(end, str):
            return _from_to(begin, end)

        def both(row: int) -> str:
            return _from_to(*(x if isinstance(x, str) else x(row) for x in (begin, end)))

        return both

    def _one(self, name: str) -> Reference:
        prefix = ""
        here, own = self._tab, self._own
        if name.startswith("@"):
            experiment, _, name = name[1:].partition(".")
            here, own = self._book.training[experiment], None
            prefix = f"{quoted(here.sheet)}!"
        if own is not None and name in own.columns:
            return column_letters(own.columns[name]) + "{row}"
        head, _, rest = name.partition(".")
        if own is not None:
            if head == "prev" and rest in own.columns:
                return column_letters(own.columns[rest]) + "{above}"
            if head == "header":
                return address((own.header_row, own.columns[rest]), absolute=True)
            if head == "row":
                return self._row(own, rest)
        if head == "first":
            return prefix + address(here.tables["steps"].cell(rest, 0))
        if head == "last":
            return prefix + address(here.tables["steps"].cell(rest, -1), absolute=True)
        if head == "data":
            return data_range(self._book, rest)
        for scope in (here.scope, *self._book.scopes):
            if scope is not None and head in scope.heads:
                return scope.reference(head, rest, self._book, here, self._table)
        if head in here.tables:
            return prefix + range_in(here.tables[head], rest)
        return prefix + address(here.fields[name], absolute=True)

    def _row(self, own: TableMap, quantity: str) -> Reference:
        data = self._book.data
        table = data.tables["data"]
        start = f"{quoted(data.sheet)}!${column_letters(table.columns[quantity])}"
        return lambda row: f"{start}{table.rows[own.place(row)]}"


def data_range(book: BookMap, quantity: str, rows: slice = slice(None)) -> str:
    """Return the cells of a column of the data, or some of them."""
    data = book.data
    return f"{quoted(data.sheet)}!{range_in(data.tables['data'], quantity, rows)}"


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


def _from_to(begin: str, end: str) -> str:
    """Return the cells from the first of begin to the last of end, on the sheet of begin."""
    sheet, mark, first = begin.rpartition("!")
    last = end.rpartition("!")[2].rpartition(":")[2]
    return f"{sheet}{mark}{first.partition(':')[0]}:{last}"


def range_in(table: TableMap, quantity: str, rows: slice = slice(None)) -> str:
    """Return the cells of a column of a table, or some of them."""
    column, among = table.columns[quantity], table.rows[rows]
    first, last = (address((row, column), absolute=True) for row in (among[0], among[-1]))
    return f"{first}:{last}"
