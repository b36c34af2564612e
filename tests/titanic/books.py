"""Small Titanic workbooks: written once, changed in memory, recalculated where it matters.

A change of one cell is followed through the cells that look at it, and only these are calculated
anew, by the same engine as ever. All that verify sees is a file as a spreadsheet program would
have saved it after the change: formulas, and the values that they give.
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import Floats
from tests.together import made_once
from xlsgd.base.cells import (
    Book,
    Content,
    Formula,
    Position,
    Scalar,
    Uncomputed,
    WorkbookFile,
    column_number,
)
from xlsgd.data.passengers import INPUTS, Passengers, made_passengers
from xlsgd.engines import Calculation, get_engine
from xlsgd.report import Report
from xlsgd.sheets.maps import TabMap, address
from xlsgd.tabs.finder import find_lesson
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.xlsx.reader import read_workbook

__all__ = [
    "Calculated",
    "FollowingEngine",
    "Place",
    "Small",
    "features",
    "generated",
    "labels",
    "small",
    "weights_of",
]

Values = dict[str, dict[Position, Scalar | Uncomputed]]
Cell = tuple[str, Position]

ROWS, EPOCHS = 12, 2

START = np.array(
    [
        (-0.017, -0.034, -0.735, 0.211, 0.373, 0.121, -0.415, 0.212, -0.301, 0.722),
        (0.078, -0.11, -0.525, -0.171, 0.175, 0.205, 0.613, -0.471, -0.395, 0.214),
    ]
)
"""Weights under which each unit lets some passengers through and others not."""


# Workbooks


@functools.cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="xlsgd-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@functools.cache
def generated(rows: int = ROWS, epochs: int = EPOCHS, **options: Any) -> Path:
    """Return a workbook of made-up passengers, generated once for the same options."""

    def make(path: Path) -> Path:
        given = {"data": made_passengers(rows), "init": weights_of(START), **options}
        return xlsgd.generate("titanic", path, epochs=epochs, **given)

    if not options:
        return made_once(f"titanic-{rows}-{epochs}.xlsx", make)
    return make(_folder() / f"{len(list(_folder().iterdir()))}.xlsx")


@functools.cache
def small() -> Small:
    """Return a small workbook with the tabs that the lesson has."""
    return Small.of(generated())


# What the inputs and weights are, written here once more


def features(passengers: Passengers) -> Floats:
    """Return the ten inputs of every passenger, shape (passengers, 10)."""
    raw = passengers.raw
    age = np.array(raw["Age"], dtype=float)
    columns = {
        "sibsp": np.array(raw["SibSp"], dtype=float),
        "parch": np.array(raw["Parch"], dtype=float),
        "age_n": age / age.max(),
        "log_fare": np.log10(np.array(raw["Fare"], dtype=float) + 1),
        "pclass_1": np.array([v == 1 for v in raw["Pclass"]], dtype=float),
        "pclass_2": np.array([v == 2 for v in raw["Pclass"]], dtype=float),
        "embark_s": np.array([v == "S" for v in raw["Embarked"]], dtype=float),
        "embark_c": np.array([v == "C" for v in raw["Embarked"]], dtype=float),
        "male": np.array([v == "male" for v in raw["Sex"]], dtype=float),
        "ones": np.ones(len(age)),
    }
    assert tuple(columns) == INPUTS
    return np.stack(list(columns.values()), axis=1)


def labels(passengers: Passengers) -> Floats:
    """Return 1 for everyone who survived, 0 for all others."""
    return np.array(passengers.raw["Survived"], dtype=float)


def weights_of(w: Floats) -> dict[str, float]:
    """Return weights of shape (2, 10) by the names that the lesson gives them."""
    return {
        f"a{unit}_{name}": float(value)
        for unit, row in enumerate(w, 1)
        for name, value in zip(INPUTS, row, strict=True)
    }


# In memory


@dataclass(frozen=True)
class Place:
    """A cell by what it is: a field of a tab, or a quantity in a row of one of its tables.

    row: counts from 0, or from the end if negative.
    """

    tab: str
    quantity: str
    table: str = ""
    row: int = 0

    def __str__(self) -> str:
        return " ".join((self.tab, self.table, self.quantity, str(self.row) if self.table else ""))


@dataclass(frozen=True)
class Calculated:
    """A workbook's cells, the values of its formulas, and where everything is."""

    book: Book
    values: Values
    found: FoundWorkbook

    @classmethod
    def of(cls, path: Path) -> Calculated:
        """Recalculate a file; the values stored in it are not looked at."""
        book = read_workbook(path).book
        values = get_engine("formulas").calculate(book).values
        return cls(book, values, find_lesson(book, values, str(path)))

    @functools.cached_property
    def tabs(self) -> dict[str, TabMap]:
        """The maps of all tabs, by their names."""
        maps = self.found.maps
        all_maps = [maps.data, *maps.training.values(), *maps.of("model").values()]
        all_maps += [*maps.of("matrix").values(), *maps.of("compare").values()]
        return {tab.sheet: tab for tab in all_maps}

    def position(self, place: Place) -> Position:
        tab = self.tabs[place.tab]
        if not place.table:
            return tab.fields[place.quantity]
        return tab.tables[place.table].cell(place.quantity, place.row)

    def content(self, place: Place) -> Content:
        return self.book.sheets[place.tab].get(self.position(place))

    def value(self, place: Place) -> Any:
        """Return a constant, or what a formula gives."""
        content = self.content(place)
        if isinstance(content, Formula):
            return self.values[place.tab][self.position(place)]
        return content

    def column(self, tab: str, table: str, quantity: str) -> Floats:
        """Return a column of a table."""
        count = len(self.tabs[tab].tables[table].rows)
        return np.array([self.value(Place(tab, quantity, table, i)) for i in range(count)])


@dataclass(frozen=True)
class Small(Calculated):
    """A workbook to change: nothing here is changed itself."""

    def calculated(self, changes: Mapping[Place, Content]) -> Calculated:
        """Return the workbook with other contents in some cells, recalculated."""
        book = Book({name: dict(grid) for name, grid in self.book.sheets.items()}, self.book.names)
        for place, content in changes.items():
            book.sheets[place.tab][self.position(place)] = content
        return Calculated(book, self.values_of(book), self.found)

    def values_of(self, book: Book) -> Values:
        """Return the values of a book that is this one but for some cells."""
        changed = {
            (name, position)
            for name, grid in book.sheets.items()
            for position in grid.keys() | self.book.sheets[name].keys()
            if grid.get(position) != self.book.sheets[name].get(position)
        }
        dirty = self._behind(changed) | changed
        reduced = Book(
            {
                name: {
                    position: self.values[name][position]
                    if isinstance(content, Formula) and (name, position) not in dirty
                    else content
                    for position, content in grid.items()
                }
                for name, grid in book.sheets.items()
            },
            book.names,
        )
        fresh = get_engine("formulas").calculate(reduced).values
        return {
            name: {
                position: fresh[name][position]
                if (name, position) in dirty
                else self.values[name][position]
                for position, content in grid.items()
                if isinstance(content, Formula)
            }
            for name, grid in book.sheets.items()
        }

    def verified(self, changes: Mapping[Place, Content]) -> Report:
        """Return what verify says of the workbook with other contents in some cells."""
        changed = self.calculated(changes)
        file = WorkbookFile(Path("small.xlsx"), changed.book, changed.values)
        with pytest.MonkeyPatch.context() as patch:
            module = import_module("xlsgd.verifying.opening")
            patch.setattr(module, "read_workbook", lambda path: file)
            patch.setattr(module, "get_engine", lambda name: FollowingEngine(changed.values))
            return xlsgd.verify("small.xlsx")

    def name(self, place: Place) -> str:
        """Return ``tab!cell``."""
        return f"{place.tab}!{address(self.position(place))}"

    def _behind(self, cells: Iterable[Cell]) -> set[Cell]:
        """Return all cells that look at these, straight or through others."""
        found: set[Cell] = set()
        waiting = list(cells)
        while waiting:
            for cell in self._looked_at_by[waiting.pop()]:
                if cell not in found:
                    found.add(cell)
                    waiting.append(cell)
        return found

    @functools.cached_property
    def _looked_at_by(self) -> dict[Cell, list[Cell]]:
        users: dict[Cell, list[Cell]] = defaultdict(list)
        for name, grid in self.book.sheets.items():
            for position, content in grid.items():
                if isinstance(content, Formula):
                    for cell in set(_looked_at(content, name)):
                        users[cell].append((name, position))
        return users


@dataclass(frozen=True)
class FollowingEngine:
    """Calculates ``small()`` with some cells changed, or has the values already."""

    values: Values | None = None
    name = "formulas"

    def version(self) -> str:
        return get_engine("formulas").version()

    def recalculate(self, file: WorkbookFile, progress: object = None) -> Calculation:
        return Calculation(self.values or small().values_of(file.book), [])


_REFERENCE = re.compile(
    r"(?<![\w$.])(?:(\w+)!)?\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?(?![\w(])"
)


def _looked_at(formula: str, sheet: str) -> Iterator[Cell]:
    """Yield the cells that a formula names."""
    for match in _REFERENCE.finditer(re.sub('"[^"]*"', '""', formula)):
        other, letters, row, last_letters, last_row = match.groups()
        rows = range(int(row), int(last_row or row) + 1)
        columns = range(column_number(letters), column_number(last_letters or letters) + 1)
        yield from ((other or sheet, (r, c)) for r in rows for c in columns)
