"""Circular references: cells that need themselves, and so have no value.

Where an input is among them, or waits for them, there is nothing to train from. The mistake is in
the cells that form the circle, wherever its victims are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xlsgd.base.cells import Book, Position, Scalar, Uncomputed
from xlsgd.engines.fast.needed import Place, circles_from
from xlsgd.sheets.maps import address, quoted

__all__ = ["Circles", "circles_behind", "listed"]

_CIRCULAR = "circular reference"

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]


@dataclass(frozen=True)
class Circles:
    """The circular references of a workbook.

    circles: the cells of each, in the order of the workbook.
    why: of each of these cells, what it needs.   waiting: cells that only wait for them.
    """

    circles: tuple[tuple[Place, ...], ...]
    why: Mapping[Place, str]
    waiting: frozenset[Place]

    @property
    def count(self) -> int:
        """How many cells form circles."""
        return len(self.why)

    @property
    def words(self) -> str:
        """The circles in a sentence, every cell of them."""
        return " and ".join(map(_words, self.circles))


def circles_behind(book: Book, places: Iterable[Place], values: Values | None) -> Circles | None:
    """Return the circular references of a book if a cell is part of one or waits for one.

    places: the cells in question.
    values: of the engine ``formulas``, where it has calculated; it is the one that says which
        cells need which, whatever another program makes of them: some go round a few times, some
        keep what they had before.
    """
    asked = list(places)
    if values is None:
        if not circles_from(book, asked):
            return None
        from xlsgd.engines.formulas import ENGINE

        values = ENGINE.calculate(book).values
    if not any(_in_question(values[sheet].get(position)) for sheet, position in asked):
        return None
    why: dict[Place, str] = {}
    waiting: set[Place] = set()
    for sheet, cells in values.items():
        for position in sorted(cells):
            value = cells[position]
            if isinstance(value, Uncomputed) and _in_question(value):
                if value.follows:
                    waiting.add((sheet, position))
                else:
                    why[sheet, position] = value.reason
    number = {place: i for i, group in enumerate(circles_from(book, why)) for place in group}
    groups: dict[int, list[Place]] = {}
    for i, place in enumerate(why):
        groups.setdefault(number.get(place, -i - 1), []).append(place)
    return Circles(tuple(map(tuple, groups.values())), why, frozenset(waiting))


def _in_question(value: Scalar | Uncomputed) -> bool:
    return isinstance(value, Uncomputed) and value.reason.startswith(_CIRCULAR)


def _words(circle: Sequence[Place]) -> str:
    if len(circle) == 1:
        return f"{next(listed(circle))} needs itself"
    return f"{', '.join(listed(circle))} ({len(circle):,} cells) need each other"


def listed(places: Iterable[Place]) -> Iterator[str]:
    """Yield cells as ``sgd!B4``, and those that stand together as ``sgd!P7:R30``."""
    sheets: dict[str, dict[int, list[int]]] = {}
    for sheet, (row, column) in places:
        sheets.setdefault(sheet, {}).setdefault(column, []).append(row)
    for sheet, columns in sheets.items():
        wide: dict[tuple[int, int], int] = {}  # a run of rows, and the column it begins in
        areas: list[tuple[int, int, int, int]] = []
        for column in sorted({*columns, *(column + 1 for column in columns)}):
            runs = set(_runs(columns.get(column, [])))
            for run in [run for run in wide if run not in runs]:
                areas.append((run[0], wide.pop(run), run[1], column - 1))
            for run in runs:
                wide.setdefault(run, column)
        for top, left, bottom, right in sorted(areas):
            first, end = address((top, left)), address((bottom, right))
            yield f"{quoted(sheet)}!{first}" + ("" if first == end else f":{end}")


def _runs(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of rows that follow each other."""
    first = last = 0
    for row in sorted(rows):
        if row == last + 1 and first:
            last = row
            continue
        if first:
            yield first, last
        first = last = row
    if first:
        yield first, last
