"""A tab as it was found: its marker, its fields, and its tables wherever they stand now."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xlsgd.base.cells import CellError, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.base.errors import InputError, WorkbookError
from xlsgd.base.visible import cut
from xlsgd.sheets.maps import TableMap, address

__all__ = ["MARKER", "WITHOUT_CASE", "FoundTab", "headers_of", "texts_of"]

MARKER = "xlsgd"
"""The key of the field that says what a tab is, on every tab but the first."""

_FORMAT = re.compile(r"(\w+) tab, format (\d+)$")

_LARGEST = 1_000_000_000
"""A whole number that anybody needs; torch takes none beyond 64 bits."""

WITHOUT_CASE = ("gradient", "weights_of")
"""Words that formulas compare with others: a spreadsheet does so without their case."""


@dataclass
class FoundTab:
    """A tab with the marker, and how to read it.

    read: the cells of inputs that were asked for and hold a formula.
    """

    sheet: str
    kind: str
    grid: Grid
    values: Mapping[Position, Scalar | Uncomputed]
    fields: dict[str, Position]
    file: str
    marker: str = ""
    read: set[Position] = field(default_factory=set)

    @classmethod
    def find(
        cls,
        sheet: str,
        grid: Grid,
        values: Mapping[Position, Scalar | Uncomputed],
        file: str,
        known: Mapping[str, str],
    ) -> FoundTab | None:
        """Return a tab with the marker, None for one without.

        known: the words that may stand beside the marker, and the kind of tab that they are for.
        Raises WorkbookError for a format that is not known.
        """
        texts = texts_of(grid)
        for (row, column), content in sorted(texts.items()):
            if content != MARKER:
                continue
            beside = [(c, text) for (r, c), text in texts.items() if r == row and c > column]
            for value_column, text in sorted(beside):
                match = _FORMAT.match(text)
                if match is None:
                    continue
                if text not in known:
                    listed = ", ".join(f"'{kind}'" for kind in known)
                    raise WorkbookError(
                        f"{file}: tab '{sheet}' is a '{cut(text)}'; this version of xlsgd reads "
                        f"{listed}; use the version that wrote it"
                    )
                fields: dict[str, Position] = {}
                for (r, c), key in sorted(texts.items()):
                    if c == column:
                        fields.setdefault(key, (r, value_column))
                fields |= _beside_each_other(grid)
                return cls(sheet, known[text], grid, values, fields, file, text)
        return None

    def value(self, position: Position) -> Any:
        """Return what a cell shows: a constant, or what its formula gave."""
        content = self.grid.get(position)
        return self.values.get(position) if isinstance(content, Formula) else content

    def place(self, key: str) -> Position:
        if key not in self.fields:
            moved = self._moved(key)
            if moved is not None:
                self.fields[key] = moved
                return moved
            anchor = _anchor(self.grid)
            row = f" or in the row of '{anchor}'" if anchor else ""
            raise self.fault(
                f" has no field '{key}' in the column of '{MARKER}'{row}; restore it, or generate "
                "the workbook again"
            )
        return self.fields[key]

    def _moved(self, key: str) -> Position | None:
        """Return where the value of a field is that does not stand in the column of the others:
        right of its key, with nothing between; None if it is not there, or if there are several
        that could be meant."""
        found = []
        for (row, column), text in texts_of(self.grid).items():
            if text == key:
                right = min((c for r, c in self.grid if r == row and c > column), default=0)
                if isinstance(self.grid.get((row, right)), Formula | float):
                    found.append((row, right))
        return found[0] if len(found) == 1 else None

    def number(self, key: str) -> float:
        position = self.place(key)
        return self.as_number(position, self.value(position), key)

    def as_number(self, position: Position, value: Any, what: str) -> float:
        self._note(position)
        if isinstance(value, float):
            return value
        if isinstance(value, Uncomputed):
            raise self._unusable(position, what, f"{value}; need a number, so mend its formula")
        shown = str(value) if isinstance(value, CellError) else repr(value)
        shown = "nothing" if value is None else shown[:60]
        raise self._unusable(position, what, f"{shown}, need a number; type one")

    def numbers_among(self, *keys: str) -> dict[str, float]:
        """Return inputs that the tab works out, without those whose formula gives no number.

        What is wrong then is upstream, and to be found there.
        """
        found = {}
        for key in keys:
            position = self.place(key)
            if not isinstance(self.grid.get(position), Formula):
                found[key] = self.number(key)
            elif isinstance(value := self.value(position), float):
                found[key] = value
        return found

    def whole(self, key: str, need: str, most: int | None) -> int:
        """Return a whole number.  need: what is needed, in words.   most: the greatest, if any.

        Raises WorkbookError for another number.
        """
        number = self.number(key)
        if not abs(number) <= _LARGEST:
            need = f"{need}, {_LARGEST:,} or less"
        wrong = not abs(number) <= _LARGEST or number != int(number)
        if wrong or (most is not None and not 1 <= number <= most):
            raise WorkbookError(self._got(self.place(key), key, f"{number:g}, need {need}"))
        return int(number)

    def text(self, key: str) -> str:
        position = self.place(key)
        value = self.as_word(position, key)
        return value.lower() if key in WITHOUT_CASE else value

    def choice(self, key: str, among: Collection[str]) -> str:
        """Return one of several words.  Raises WorkbookError for another one."""
        name = self.text(key)
        if name not in among:
            need = f"'{name}', need one of: {', '.join(among)}"
            raise WorkbookError(self._got(self.place(key), key, need))
        return name

    def as_word(self, position: Position, what: str, todo: str = "") -> str:
        """Return the word in a cell.  todo: what else to say where there is none."""
        self._note(position)
        value = self.value(position)
        if isinstance(value, str):
            return value
        shown = "nothing" if value is None else cut(str(value))
        raise self._unusable(position, what, f"{shown}, need a word{todo}")

    def _note(self, position: Position) -> None:
        """Remember that an input was asked for whose value is that of a formula."""
        if isinstance(self.grid.get(position), Formula):
            self.read.add(position)

    def _got(self, position: Position, what: str, words: str) -> str:
        return f"{self.file}: {self.sheet}!{address(position)} ({what}): got {words}"

    def _unusable(self, position: Position, what: str, words: str) -> WorkbookError:
        return InputError(self._got(position, what, words), (self.sheet, position))

    def fault(self, words: str) -> WorkbookError:
        """Return the error of which it is to be said what follows the name of the tab."""
        return WorkbookError(f"{self.file}: tab '{self.sheet}'{words}")

    def table(
        self, needed: Collection[str], name: str, mine: Callable[[str], bool] | None = None
    ) -> TableMap:
        """Return the table whose header row has all the needed quantities.

        mine: says of a header whether it is one of the table's quantities; the needed ones alone
            where not given.
        """
        needed = set(needed)
        mine = mine or needed.__contains__
        for row, places in headers_of(self.grid).items():
            if needed <= places.keys():
                kept = {text: columns[0] for text, columns in places.items() if mine(text)}
                columns = kept | _together({text: places[text] for text in needed})
                kept = {text: columns[text] for text in kept}
                return TableMap(row, kept, self.rows_below(row, {columns[name] for name in needed}))
        raise self.fault(
            f" has no table with the headers {', '.join(sorted(needed))} in one row ({name}); "
            "restore them"
        )

    def whole_table(self, quantities: list[str], rows: int) -> TableMap:
        """Return the table with these headers, which must have a row for every row of data."""
        table = self.table(quantities, "one row per row of data")
        if len(table.rows) != rows:
            raise self.fault(
                f": its table has {len(table.rows):,} rows, the data {rows:,}; this tab cannot "
                "grow or shrink: generate the workbook again"
            )
        return table

    def rows_below(self, header: int, columns: set[int]) -> list[int]:
        """Return the rows of a table: those with formulas or numbers in most of its columns.

        A sum or a note that a learner keeps below a column makes no row.
        """
        filled = Counter(
            row
            for (row, column), content in self.grid.items()
            if row > header and column in columns and isinstance(content, Formula | float)
        )
        return sorted(row for row, count in filled.items() if 2 * count >= len(columns))


ANCHORS = ("verdict", "learning_rate", "last_loss")
"""Keys of fields beside each other that every tab with such fields has; one may be missing."""


def _beside_each_other(grid: Grid) -> dict[str, Position]:
    """Return the fields whose keys stand in one row and whose values stand in one row below it.

    Between the two are the words that a reader sees.
    """
    for row, places in _rows_of_keys(grid):
        keys = {key: columns[0] for key, columns in places.items()}
        # A reader may have put a row between, or typed words over one of the values.
        filled = Counter(
            r
            for (r, c), content in grid.items()
            if r > row and c in keys.values() and isinstance(content, Formula | float)
        )
        values = min((r for r, count in filled.items() if 2 * count >= len(keys)), default=None)
        if values is not None:
            return {key: (values, column) for key, column in keys.items()}
    return {}


def _rows_of_keys(grid: Grid) -> Iterator[tuple[int, dict[str, list[int]]]]:
    """Yield the rows in which keys of fields stand beside each other, as headers_of has them."""
    for row, places in headers_of(grid).items():
        if len(places.keys() & set(ANCHORS)) >= len(ANCHORS) - 1:
            yield row, places


def _anchor(grid: Grid) -> str | None:
    """Return the key by which to name the row of fields beside each other, None without one."""
    rows = (places for _, places in _rows_of_keys(grid))
    return next((key for places in rows for key in ANCHORS if key in places), None)


def _together(places: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return one column for every header: those that stand closest to each other.

    places: the columns in which each header stands, in order; two tables in one row may share
    some.
    """
    single = [columns[0] for columns in places.values() if len(columns) == 1]
    middle = sum(single) / len(single) if single else 0
    return {
        text: min(columns, key=lambda column: abs(column - middle))
        for text, columns in places.items()
    }


def headers_of(grid: Grid) -> dict[int, dict[str, list[int]]]:
    """Return the words of every row from the top, with the columns in which each stands."""
    headers: dict[int, dict[str, list[int]]] = {}
    for (row, column), text in sorted(texts_of(grid).items()):
        headers.setdefault(row, {}).setdefault(text, []).append(column)
    return headers


def texts_of(grid: Grid) -> dict[Position, str]:
    """Return the cells of a grid that hold words, not formulas."""
    return {
        position: content
        for position, content in grid.items()
        if isinstance(content, str) and not isinstance(content, Formula)
    }
