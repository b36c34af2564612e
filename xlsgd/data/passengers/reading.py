"""Read Titanic passengers from a CSV file with Kaggle's columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from xlsgd.base.errors import DataError
from xlsgd.data.csvnumbers import NumberReader
from xlsgd.data.csvtext import cell_place, data_rows, header_of, shown, text_of
from xlsgd.data.passengers.columns import (
    NEEDED,
    NUMBERS,
    PORTS,
    RAW_COLUMNS,
    SEXES,
    Passengers,
    passengers_of,
)
from xlsgd.data.schema import Cell
from xlsgd.data.source import Received, received

__all__ = ["NAMED_SOURCES", "read_passengers"]

NAMED_SOURCES = {
    # A public copy of Kaggle's training set, 891 passengers.
    "titanic": "https://raw.githubusercontent.com/datasciencedojo/datasets/master/titanic.csv"
    "#sha256=4a437fde05fe5264e1701a7387ac6fb75393772ba38bb2c9c566405af5af4bd7",
}

MAX_TEXT = 32_767
"""UTF-16 code units that a cell of an .xlsx file holds at most."""


def read_passengers(source: str | Path, sha256: str | None = None) -> Passengers:
    """Read passengers from a CSV file in UTF-8 with Kaggle's column names.

    source: a path, a URL, to which #sha256=HEX may be added, or the word titanic for the public
    copy of Kaggle's training set (a file of that name is read as ./titanic).
    sha256: checksum that the file must have.
    Survived, Pclass, Sex, Age, SibSp, Parch, Fare and Embarked are needed; PassengerId, Name,
    Ticket and Cabin are kept where present; others are ignored. Names match whatever their case.
    Commas, semicolons or tabs stand between cells, as for read_csv.
    Rows without Age or Embarked are dropped and counted. Sex and Embarked match whatever their
    case and are kept as Kaggle writes them. In Name, Ticket and Cabin control characters, line
    breaks among them, become spaces; nothing else is changed.
    Raises DataError for a file that cannot be had, cannot be read, or has a cell that makes no
    sense; SpecError for a checksum that is none.
    """
    got = received(source, sha256, NAMED_SOURCES)
    try:
        return _passengers(got)
    except DataError:
        got.forget()
        raise


def _passengers(got: Received) -> Passengers:
    import pandas as pd

    table = _Table(got)
    frame = pd.DataFrame(table.columns(), dtype=object)
    rows_read = len(frame)
    no_age, no_port = frame["Age"].isna(), frame["Embarked"].isna()
    dropped = {"Age": int(no_age.sum()), "Embarked": int((no_port & ~no_age).sum())}
    kept = frame[~no_age & ~no_port]
    if kept.empty:
        raise DataError(
            f"{got.file}: got {_counted(rows_read)}, but none with both Age and Embarked. "
            "Fill the empty cells of some."
        )
    if not kept["Age"].max() > 0:
        raise DataError(
            f"{got.file}, column Age: the greatest is 0, need one above 0, since age_n is Age "
            "divided by the greatest. Correct it."
        )
    title = _title(len(kept), rows_read, dropped, got.name)
    passengers = passengers_of(title, kept, rows_read, dropped)
    return replace(passengers, sha256=got.sha256, checked=got.checked)


def _title(kept: int, read: int, dropped: Mapping[str, int], name: str) -> str:
    """Return the title, e.g. "3 of 5 passengers from a.csv (2 dropped: 2 without Age)"."""
    if kept == read:
        return f"{_counted(kept)} from {name}"
    reasons = ", ".join(
        f"{number} without {column}" for column, number in dropped.items() if number
    )
    return f"{kept} of {_counted(read)} from {name} ({read - kept} dropped: {reasons})"


def _counted(number: int) -> str:
    return f"{number} {'passenger' if number == 1 else 'passengers'}"


# What a cell must hold

_RULES: dict[str, tuple[Callable[[float], bool], str]] = {
    "Survived": (lambda number: number in (0, 1), "0 or 1"),
    "Pclass": (lambda number: number in (1, 2, 3), "1, 2 or 3"),
    "Age": (lambda number: number >= 0, "a number, 0 or greater"),
    "SibSp": (lambda number: number >= 0 and number % 1 == 0, "a whole number, 0 or greater"),
    "Parch": (lambda number: number >= 0 and number % 1 == 0, "a whole number, 0 or greater"),
    "Fare": (lambda number: number >= 0, "a number, 0 or greater"),
}
_WORDS = {"Sex": SEXES, "Embarked": PORTS}
_MAY_BE_EMPTY = ("Age", "Embarked")
_SPACED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ID = re.compile("0|[1-9][0-9]{0,14}")  # the whole numbers that a float holds exactly


Where = Callable[[], str]
"""Gives the words for the line and column of a cell."""


class _Table:
    """A CSV file on the way from cells of text to cells of passengers."""

    def __init__(self, got: Received) -> None:
        self._file = got.file
        self._text = text_of(got.content, got.file)
        optional = [name for name in RAW_COLUMNS if name not in NEEDED]
        self._header = header_of(self._text, NEEDED, got.file, optional)
        self._rows = list(data_rows(self._text, self._header, got.file))
        if not self._rows:
            raise DataError(f"{got.file}: got a header but no row below it. Add passengers.")

    def columns(self) -> dict[str, list[Cell]]:
        """Return the raw columns of all rows, in Kaggle's order. The first wrong row is refused."""
        places = {n: self._header.places[n] for n in RAW_COLUMNS if n in self._header.places}
        columns: dict[str, list[Cell]] = {name: [] for name in places}
        numbers = NumberReader(self._file, self._header.delimiter)
        for line, cells in self._rows:
            for name, place in places.items():
                where = partial(cell_place, line, cells, place, name)
                columns[name].append(self._cell(numbers, name, cells[place], where))
        numbers.finish()
        ids = columns.get("PassengerId", [])
        if all(isinstance(cell, str) and _ID.fullmatch(cell) for cell in ids):
            columns |= {"PassengerId": [float(str(cell)) for cell in ids]} if ids else {}
        return columns

    def _cell(self, numbers: NumberReader, name: str, cell: str, where: Where) -> Cell:
        """Return what a cell holds, None if it may be empty and is."""
        if name not in NEEDED:
            return self._free_text(cell, where)
        if name in _MAY_BE_EMPTY and not cell.strip():
            return None
        if name in NUMBERS:
            number = numbers.number(cell, where)
            rule, need = _RULES[name]
            if not rule(number):
                self._refuse(name, where, f"got {shown(cell.strip())}", need)
            return number + 0.0  # no -0.0
        words = {word.casefold(): word for word in _WORDS[name]}
        word = words.get(cell.strip().casefold())
        if word is None:
            *most, last = _WORDS[name]
            need = f"{', '.join(most)} or {last}"
            got = f"got {shown(cell.strip())}" if cell.strip() else "the cell is empty"
            self._refuse(name, where, got, need)
        return word

    def _free_text(self, cell: str, where: Where) -> Cell:
        """Return a text as an .xlsx cell can hold it."""
        text = _SPACED.sub(" ", cell)
        units = len(text.encode("utf-16-le")) // 2 if len(text) > MAX_TEXT // 2 else len(text)
        if units > MAX_TEXT:
            raise DataError(
                f"{self._file}, {where()}: got a text of {units:,} characters, "
                f"need {MAX_TEXT:,} or fewer, as an Excel cell holds. Shorten it."
            )
        return text if text.strip() else None

    def _refuse(self, name: str, where: Where, got: str, need: str) -> None:
        empty = ", or an empty cell" if name in _MAY_BE_EMPTY else ""
        verb = "Correct" if got.startswith("got") else "Fill"
        raise DataError(
            f"{self._file}, {where()}: {got}, need {need}{empty}. {verb} it or remove the row."
        )
