"""Where things stand: the map of a tab, and how a template turns into a formula with addresses.

The writer draws such maps, the reader finds them again in a file. In between a learner may have
inserted rows and columns, renamed tabs and saved with another program: a map is found by the
words in the sheet, never by fixed positions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xlsgd.base.cells import Position, column_letters
from xlsgd.base.columns import Column

__all__ = ["BookMap", "TabMap", "TableMap", "address", "column_contents", "formula_maker", "quoted"]


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

    def place(self, row: int) -> int:
        """Return the index of a row of the sheet; the inverse of ``rows``."""
        if self._places is None or self._places[0] is not self.rows:
            self._places = self.rows, {number: i for i, number in enumerate(self.rows)}
        return self._places[1][row]


@dataclass
class TabMap:
    """A tab: fields (a key, its value beside it) and tables.

    batch_size: rows of data per step, where that decides which cells belong together.
    runs: where the tab shows runs side by side, the row of each experiment.
    sets_rates: whether their learning rates are typed in there.
    """

    sheet: str
    fields: dict[str, Position] = field(default_factory=dict)
    tables: dict[str, TableMap] = field(default_factory=dict)
    batch_size: int = 1
    runs: dict[str, int] = field(default_factory=dict)
    sets_rates: bool = False


@dataclass
class BookMap:
    """All tabs that xlsgd knows.

    training: experiment id to map, in tab order.
    compare: the tabs that show runs side by side, by the name of the sheet.
    model, matrix: experiment id to the tabs that show its forward pass.
    """

    data: TabMap
    training: dict[str, TabMap] = field(default_factory=dict)
    compare: dict[str, TabMap] = field(default_factory=dict)
    model: dict[str, TabMap] = field(default_factory=dict)
    matrix: dict[str, TabMap] = field(default_factory=dict)


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


_PIECES = re.compile(r"\{([^{}]+)\}")

_Reference = str | Callable[[int], str]
"""An address in which ``{row}`` and ``{above}`` stand for rows, or how to get it from the row."""


class _Places:
    """Finds what the names in the templates of one table stand for."""

    def __init__(self, book: BookMap, tab: TabMap, table: str) -> None:
        self._book, self._tab, self._table = book, tab, table
        self._own = tab.tables.get(table)

    def reference(self, name: str) -> _Reference:
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

    def _one(self, name: str) -> _Reference:
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
            if head in ("step", "row", "batch", "block"):
                return getattr(self, f"_{head}")(own, rest)  # type: ignore[no-any-return]
        if head == "first":
            return prefix + address(here.tables["steps"].cell(rest, 0))
        if head == "last":
            return prefix + address(here.tables["steps"].cell(rest, -1), absolute=True)
        if head == "data":
            return self._data_range(rest)
        if head == "fact":
            data = self._book.data
            return f"{quoted(data.sheet)}!{address(data.fields[rest], absolute=True)}"
        if head == "model":
            model = next(iter(self._book.model.values()))
            where = model.fields if rest in model.fields else model.tables["forward"]
            if isinstance(where, dict):
                return f"{quoted(model.sheet)}!{address(where[rest], absolute=True)}"
            return f"{quoted(model.sheet)}!{_range(where, rest)}"
        if head == "rates":
            return self._rates(rest)
        if head in here.tables:
            return prefix + _range(here.tables[head], rest)
        return prefix + address(here.fields[name], absolute=True)

    def _rates(self, quantity: str) -> str:
        """Return the cell of this tab's experiment where rates are typed in."""
        own = next(id for id, tab in self._book.training.items() if tab is self._tab)
        for compare in self._book.compare.values():
            if compare.sets_rates and own in compare.runs:
                place = compare.runs[own], compare.tables["runs"].columns[quantity]
                return f"{quoted(compare.sheet)}!{address(place, absolute=True)}"
        raise KeyError(f"rates.{quantity}")

    # Steps and the blocks beside them; see xlsgd.tabs.layouts.blocks.columns

    def _step(self, own: TableMap, quantity: str) -> _Reference:
        steps, per_epoch = self._tab.tables["steps"], self._steps_per_epoch
        begin = (int(self._table.removeprefix("block.")) - 1) * per_epoch
        size = self._tab.batch_size

        def cell(row: int) -> str:
            return address(steps.cell(quantity, begin + own.place(row) // size), absolute=True)

        return cell

    def _row(self, own: TableMap, quantity: str) -> _Reference:
        data = self._book.data
        table = data.tables["data"]
        start = f"{quoted(data.sheet)}!${column_letters(table.columns[quantity])}"
        return lambda row: f"{start}{table.rows[own.place(row)]}"

    def _batch(self, own: TableMap, quantity: str) -> _Reference:
        per_epoch, size = self._steps_per_epoch, self._tab.batch_size

        def cells(row: int) -> str:
            epoch, batch = divmod(own.place(row), per_epoch)
            return self._in_block(epoch + 1, quantity, slice(batch * size, (batch + 1) * size))

        return cells

    def _block(self, own: TableMap, quantity: str) -> _Reference:
        return lambda row: self._in_block(own.place(row) + 1, quantity, slice(None))

    def _in_block(self, epoch: int, quantity: str, rows: slice) -> str:
        block = self._tab.tables[f"block.{epoch}"]
        if quantity in block.columns:
            return _range(block, quantity, rows)
        return self._data_range(quantity, rows)

    def _data_range(self, quantity: str, rows: slice = slice(None)) -> str:
        data = self._book.data
        return f"{quoted(data.sheet)}!{_range(data.tables['data'], quantity, rows)}"

    @property
    def _steps_per_epoch(self) -> int:
        return -(-len(self._book.data.tables["data"].rows) // self._tab.batch_size)


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


def _range(table: TableMap, quantity: str, rows: slice = slice(None)) -> str:
    column, among = table.columns[quantity], table.rows[rows]
    first, last = (address((row, column), absolute=True) for row in (among[0], among[-1]))
    return f"{first}:{last}"
