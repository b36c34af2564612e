"""The values of books that nobody's program has saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.foreign.arrays import without_arrays
from tests.foreign.written import write
from xlsgd.base.cells import Book, CellError, Formula, Position, Scalar, Uncomputed, WorkbookFile
from xlsgd.engines import get_engine

__all__ = ["Calculator", "calculated", "same", "saved"]

Numbers = dict[str, dict[Position, Scalar]]


def calculated(book: Book) -> Numbers:
    """Return the values of all formulas, those of cells that arrays fill too.

    Raises ValueError where one has none.
    """
    found = get_engine("formulas").calculate(without_arrays(book))  # type: ignore[attr-defined]
    for sheet, values in found.values.items():
        for place, value in values.items():
            if isinstance(value, Uncomputed):
                raise ValueError(f"{sheet} {place}: {book.sheets[sheet].get(place)}: {value}")
    return found.values  # type: ignore[no-any-return]


def saved(book: Book, path: Path) -> Path:
    """Write a book with the values of its formulas; return the path."""
    return write(book, calculated(book), path)


def same(a: Scalar, b: Scalar) -> bool:
    """Return whether two values are the same to nine digits."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    return a == b


@dataclass
class Calculator:
    """Calculates changed copies of a workbook.

    kept: formulas whose stored values stand in their place, because they give something else each
    time, or because the engine does not know what they are made of.
    """

    file: WorkbookFile
    kept: Numbers = field(default_factory=dict)

    def __post_init__(self) -> None:
        engine = get_engine("formulas")
        book = without_arrays(self.file.book)
        for _ in range(2):  # what hangs on a kept one may be right after all
            given = self.settled(book)
            found = engine.calculate(given).values  # type: ignore[attr-defined]
            for sheet, stored in self.file.stored.items():
                for place, value in stored.items():
                    if value is None:
                        continue
                    new = found.get(sheet, {}).get(place)
                    first = isinstance(new, Uncomputed) and not new.follows
                    if first or (new is not None and not _agrees(value, new)):
                        self.kept.setdefault(sheet, {})[place] = value

    def settled(self, book: Book) -> Book:
        """Return a book with stored values in place of the formulas that keep them."""
        sheets = {name: {**grid, **self.kept.get(name, {})} for name, grid in book.sheets.items()}
        return Book(sheets, book.names, book.tables, book.arrays)

    def values(self, book: Book) -> Numbers:
        """Return the values of all formulas of a book like the file's.

        Raises ValueError where one has none.
        """
        plain = without_arrays(book)
        for sheet, places in self.kept.items():
            for place, value in places.items():
                if sheet in plain.sheets and isinstance(plain.sheets[sheet].get(place), Formula):
                    plain.sheets[sheet][place] = value
        found = calculated(plain)
        for sheet, places in self.kept.items():
            if sheet in found:
                found[sheet] = {**found[sheet], **places}
        return found


def _agrees(value: Scalar, new: Scalar | Uncomputed) -> bool:
    if isinstance(new, Uncomputed):
        return True  # decided when what it hangs on is settled
    if isinstance(value, CellError) or isinstance(new, CellError):
        return isinstance(value, CellError) and isinstance(new, CellError)
    return same(value, new) or (value in (None, "") and new in (None, ""))
