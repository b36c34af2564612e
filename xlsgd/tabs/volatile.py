"""Inputs that change with every calculation: the values that the file stores stand for them.

A learner fills the data with =RANDBETWEEN(1,100), or starts from =RAND(). Calculated again they
would be other numbers, in every program others, and no stored value would be right. So the
numbers that the file stores are taken, for the sheet and for torch; where it stores none, there is
nothing to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from xlsgd.base.cells import (
    LAST_COLUMN,
    LAST_ROW,
    Book,
    Formula,
    Grid,
    Position,
    Scalar,
    WorkbookFile,
)
from xlsgd.base.errors import WorkbookError
from xlsgd.formula.r1c1 import read_area, tokens
from xlsgd.formula.tree import sheet_name
from xlsgd.sheets.found_tab import FoundTab, headers_of, texts_of
from xlsgd.sheets.maps import address, quoted
from xlsgd.tabs.kind import kinds, markers
from xlsgd.tabs.layouts import layouts

__all__ = ["VOLATILE", "settle"]

VOLATILE = frozenset(
    ("CELL", "INDIRECT", "INFO", "NOW", "OFFSET", "RAND", "RANDARRAY", "RANDBETWEEN", "TODAY")
)
"""Functions whose value is another one at every calculation, or may be."""

Place = tuple[str, Position]
"""A sheet and a cell of it."""

Area = tuple[str, Position, Position]
"""A sheet, and the first and the last cell of an area of it."""

_CALL = re.compile(rf"\b({'|'.join(sorted(VOLATILE))})\(", re.IGNORECASE)
_SHOWN = 3
_MOST_AREAS = 1000
"""Areas of a sheet that are looked through one by one; then all of it counts as looked at."""


def settle(file: WorkbookFile) -> tuple[WorkbookFile, list[str]]:
    """Return a workbook with stored values for the volatile cells that its inputs depend on, and
    sentences about them.

    Raises WorkbookError where the file stores no value for one of them.
    """
    book = file.book
    if not _has_call(list(_texts(book))):
        return file, []
    search = _Search(book)
    for place in _inputs(book):
        search.follow(place)
    if not search.volatile:
        return file, []
    cells: dict[str, dict[Position, Scalar]] = {}
    missing: list[Place] = []
    for sheet, position in search.volatile:
        value = file.stored.get(sheet, {}).get(position)
        cells.setdefault(sheet, {})[position] = value
        if value is None:
            missing.append((sheet, position))
    if missing:
        functions = _functions(search.volatile[place] for place in missing)
        raise WorkbookError(
            f"{file.path}: {_named(missing)}: inputs that change with every calculation "
            f"({functions}), and the file stores no values for them; copy these cells and paste "
            "them as values"
        )
    note = (
        f"{_named(list(search.volatile))}: inputs that change with every calculation "
        f"({_functions(search.volatile.values())}); the values that the file stores are taken, for "
        "the sheet and for torch; to keep them, copy these cells and paste them as values"
    )
    sheets = {
        name: {**grid, **cells[name]} if name in cells else grid
        for name, grid in book.sheets.items()
    }
    return replace(file, book=replace(book, sheets=sheets), settled=cells), [note]


def _has_call(texts: list[str]) -> bool:
    """Return whether there is a volatile function in any of these."""
    # Looking for its name in all of them at once takes a hundredth of looking at each.
    together = "\n".join(texts).upper()
    if any(f"{name}(" in together for name in VOLATILE):
        return any(map(_CALL.search, texts))
    return not together.isascii() and any(_CALL.search(t) for t in texts if not t.isascii())


def _texts(book: Book) -> Iterator[str]:
    for grid in book.sheets.values():
        yield from (content for content in grid.values() if isinstance(content, Formula))
    yield from book.names.values()


def _functions(found: Iterable[frozenset[str]]) -> str:
    return ", ".join(sorted(frozenset[str]().union(*found)))


def _named(places: list[Place]) -> str:
    """Return ``data!A6, data!A7, data!A8 and 26 more cells``."""
    shown = [f"{quoted(sheet)}!{address(position)}" for sheet, position in places[:_SHOWN]]
    more = len(places) - len(shown)
    return ", ".join(shown) + (f" and {more} more cell{'s' * (more > 1)}" if more else "")


def _inputs(book: Book) -> Iterator[Place]:
    """Yield the cells that inputs stand in, if they are formulas."""
    for sheet, grid in book.sheets.items():
        tab = FoundTab.find(sheet, grid, {}, "", markers())
        if tab is None:
            continue
        for place in sorted(kinds()[tab.kind].inputs(tab)):
            if isinstance(grid.get(place), Formula):
                yield sheet, place


class _Search:
    """What inputs depend on, as far as it is volatile.

    volatile: those cells, each with the functions that make it so.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sheets = {name.lower(): name for name in book.sheets}
        self._seen: set[Place] = set()
        self._formulas: dict[str, list[Position]] = {}
        self._areas: dict[str, set[tuple[Position, Position]]] = {}
        self._trained = {name: _trained(grid) for name, grid in book.sheets.items()}
        self.volatile: dict[Place, frozenset[str]] = {}

    def follow(self, start: Place) -> None:
        """Look at a cell and at all that it depends on.

        What is trained is no input, whatever looks at it: there a volatile function is a mistake.
        """
        ahead = [start]
        while ahead:
            place = ahead.pop()
            if place in self._seen:
                continue
            self._seen.add(place)
            sheet, position = place
            content = self._book.sheets[sheet].get(position)
            if not isinstance(content, Formula) or position in self._trained[sheet]:
                continue
            functions, areas = self._read(content, sheet, frozenset())
            if functions:
                self.volatile[place] = functions
                continue
            for area in areas:
                ahead += self._within(*area)

    def _within(self, sheet: str, first: Position, last: Position) -> list[Place]:
        """Return the formula cells of an area, none where it has been looked at before."""
        if first == last:
            return [(sheet, first)]
        known = self._areas.setdefault(sheet, set())
        if (first, last) in known or len(known) > _MOST_AREAS:
            return []
        known.add((first, last))
        if len(known) > _MOST_AREAS:
            first, last = (1, 1), (LAST_ROW, LAST_COLUMN)
        if sheet not in self._formulas:
            grid = self._book.sheets[sheet]
            self._formulas[sheet] = [p for p, c in grid.items() if isinstance(c, Formula)]
        return [
            (sheet, cell)
            for cell in self._formulas[sheet]
            if first[0] <= cell[0] <= last[0] and first[1] <= cell[1] <= last[1]
        ]

    def _read(
        self, text: str, sheet: str, within: frozenset[str]
    ) -> tuple[frozenset[str], list[Area]]:
        """Return the volatile functions of a formula, and the areas that it looks at.

        within: names that are being looked up.
        """
        if '"' not in text and (called := _CALL.findall(text)):
            return frozenset(map(str.upper, called)), []  # what it looks at is no matter
        functions: set[str] = set()
        areas: list[Area] = []
        for token in tokens(text):
            if token["function"] is not None:
                name = token[0][:-1].upper().removeprefix("_XLFN.").removeprefix("_XLWS.")
                functions |= VOLATILE & {name}
            elif token["reference"] is not None:
                area = read_area(token["area"])
                named = sheet_name(token["sheet"])
                there = sheet if named is None else self._sheets.get(named)
                if area is not None and there is not None:
                    top, left, bottom, right = (number for _, number in area.corners)
                    rows, columns = sorted((top, bottom)), sorted((left, right))
                    areas.append((there, (rows[0], columns[0]), (rows[1], columns[1])))
            elif token["name"] is not None:
                name = token["bare"].lower()
                said = self._book.names.get((sheet, name), self._book.names.get((None, name)))
                if said is not None and name not in within:
                    more, further = self._read(said, sheet, within | {name})
                    functions |= more
                    areas += further
        return frozenset(functions), areas


def _trained(grid: Grid) -> set[Position]:
    """Return the cells of a training tab's table of steps, and of what stands beside it."""
    for row, columns in headers_of(grid).items():
        if any(layout.headers <= columns.keys() for layout in layouts().values()):
            mine = {column for r, column in texts_of(grid) if r == row}
            return {(r, c) for r, c in grid if r > row and c in mine}
    return set()
