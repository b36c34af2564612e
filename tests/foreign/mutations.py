"""Workbooks with a mistake, made from right ones by chance, and what was done to them.

A mistake stands in one cell, or in a whole column (or row) of cells with the same formula. Only
mistakes that change numbers are made, and only where something is trained by them: in formulas that
come back to themselves from step to step, such as weight, slope, new weight.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from random import Random

from tests.foreign.calculated import Numbers, same
from tests.foreign.mistakes import ONE_CELL_ONLY, RUN_ONLY, Mistake, mistakes_in
from tests.foreign.plans import address, position
from xlsgd.base.cells import Book, Content, Formula, Position, Scalar
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.formula.r1c1 import Refused, Relative

__all__ = ["Mutation", "Runs", "mutations"]

Place = tuple[str, Position]
"""A tab as it is written and a cell."""

FEWEST = 3
"""Cells with the same formula, below which nobody can say which of them is the odd one."""

GREATEST = 1e9
"""Numbers beyond are no training any more."""


@dataclass(frozen=True)
class Mutation:
    """What was done to a workbook.

    kind: of the mistake.   cells: those that are wrong, as ``tab!A1``.   whole: whether that is a
    column.   before, after: the formula of the first of them.
    """

    kind: str
    cells: tuple[str, ...]
    whole: bool
    before: str
    after: str
    book: Book
    values: Numbers

    def __str__(self) -> str:
        more = f" (+{len(self.cells) - 1})" if len(self.cells) > 1 else ""
        return f"{self.kind} {self.cells[0]}{more}: {self.before} -> {self.after}"


class Runs:
    """The formulas of a book by what they are."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.keys: dict[Place, Relative] = {}
        reader = KeyReader(book)
        for sheet, grid in book.sheets.items():
            for place, content in grid.items():
                if isinstance(content, Formula):
                    text = str(content)
                    text = text[1:-1] if text.startswith("{") else text
                    try:
                        self.keys[sheet, place] = reader.key(text, sheet, *place)
                    except Refused:
                        continue
        self._by_key: defaultdict[Relative, list[Place]] = defaultdict(list)
        for cell, key in self.keys.items():
            self._by_key[key].append(cell)

    def alike(self, cell: Place) -> list[Place]:
        """Return the cells of a cell's tab with the same formula."""
        return [other for other in self._by_key[self.keys[cell]] if other[0] == cell[0]]

    def run(self, cell: Place) -> list[Place]:
        """Return the cells of its column with the same formula, or of its row if they are more."""
        alike = self.alike(cell)
        down = [other for other in alike if other[1][1] == cell[1][1]]
        across = [other for other in alike if other[1][0] == cell[1][0]]
        return sorted(down if len(down) >= len(across) else across)

    def trained(self) -> set[Place]:
        """Return the cells with formulas that come back to themselves from step to step."""
        graph: defaultdict[object, set[object]] = defaultdict(set)
        sheets = {sheet.lower(): sheet for sheet in self.book.sheets}
        filled = {
            (sheet, (row, column)): (sheet, origin)
            for sheet, areas in self.book.arrays.items()
            for origin, (top, left, bottom, right) in areas.items()
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        }
        for (sheet, (row, column)), key in self.keys.items():
            for slot in key.slots:
                if slot.kind in ("row", "column"):
                    continue
                top, left, bottom, right = slot.at(row, column)
                where = sheets[slot.sheet or sheet.lower()]
                if (bottom - top + 1) * (right - left + 1) > 400:
                    continue
                for r in range(top, bottom + 1):
                    for c in range(left, right + 1):
                        place = filled.get((where, (r, c)), (where, (r, c)))
                        if place in self.keys:
                            graph[_class(self.keys[place])].add(_class(key))
        circles = _in_circles(graph)
        return {cell for cell, key in self.keys.items() if _class(key) in circles}


def _class(key: Relative) -> object:
    """Return what is the same for a formula on all tabs."""
    return key.text, tuple((slot.sheet is None, slot.corners) for slot in key.slots)


def _in_circles(graph: Mapping[object, set[object]]) -> set[object]:
    """Return what leads back to itself."""
    found = set()
    for start in graph:
        seen: set[object] = set()
        waiting = list(graph[start])
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting += graph.get(node, ())
        if start in seen:
            found.add(start)
    return found


def _named(cell: Place) -> str:
    return f"{cell[0]}!{address(*cell[1])}"


def mutations(
    book: Book,
    values: Numbers,
    calculate: Callable[[Book], Numbers],
    random: Random,
    count: int,
    *,
    whole: bool = False,
    among: Collection[Place] | None = None,
    kinds: Collection[str] | None = None,
    rates: Collection[Place] = (),
) -> Iterator[Mutation]:
    """Yield up to so many mutations of a book, every kind about as often as the others.

    values: of the book's formulas.   calculate: gives the values of a book's formulas, ValueError
    where it cannot.   whole: whether a whole column is changed.   among: cells that may be; what is
    trained by default.   kinds: of mistakes; all by default.   rates: cells any of which may stand
    for all of them, since that is only another schedule.
    """
    runs = Runs(book)
    cells = sorted(runs.trained() if among is None else set(among) & set(runs.keys))
    cells = [cell for cell in cells if len(runs.alike(cell)) >= FEWEST]
    done: set[tuple[tuple[str, ...], str]] = set()
    tries = 0
    used: defaultdict[str, int] = defaultdict(int)
    while cells and len(done) < count and tries < 30 * count + 100:
        tries += 1
        cell = random.choice(cells)
        changed = runs.run(cell) if whole else [cell]
        if among is not None and not set(changed) <= set(among):
            continue  # a loss and its slopes, all of them otherwise, are right again
        options = _options(str(book.sheets[cell[0]][cell[1]]), changed[0][1], whole, kinds)
        if not options:
            continue
        fewest = min(used[option.kind] for option in options)
        mistake = random.choice([o for o in options if used[o.kind] <= fewest + 1])
        new = _new_texts(book, changed, mistake, values, random)
        if not new:
            continue
        first = next(c for c in changed if c in new)
        old = str(book.sheets[first[0]][first[1]])
        if (
            rates
            and whole
            and (_seen(str(new[first]), first[0]) - _seen(old, first[0])) & set(rates)
        ):
            continue
        mark = tuple(_named(c) for c in changed), str(new[first])
        if mark in done:
            continue
        other = _with(book, new)
        try:
            found = calculate(other)
        except (ValueError, RecursionError, OverflowError):
            continue
        if not _shows(values, found, other, list(new)):
            continue
        done.add(mark)
        used[mistake.kind] += 1
        yield Mutation(
            mistake.kind,
            tuple(_named(c) for c in changed if c in new),
            whole,
            str(book.sheets[first[0]][first[1]]),
            str(new[first]),
            other,
            found,
        )


def _seen(text: str, sheet: str) -> set[Place]:
    """Return the cells of a formula's own tab that stand in it, with dollars and without."""
    found = re.findall(r"(?<![!A-Z$])(\$?)([A-Z]+)\$?([0-9]+)", text)
    return {(sheet, position(letters + digits)) for _, letters, digits in found}


def _options(
    text: str, first: Position, whole: bool, kinds: Collection[str] | None
) -> list[Mistake]:
    found = list(mistakes_in(text, first))
    if not whole:
        found.append(Mistake("stale", lambda text, place: None))
    barred = ONE_CELL_ONLY if whole else RUN_ONLY
    return [m for m in found if m.kind not in barred and (kinds is None or m.kind in kinds)]


def _new_texts(
    book: Book, changed: list[Place], mistake: Mistake, values: Numbers, random: Random
) -> dict[Place, Content]:
    if mistake.kind == "stale":
        (cell,) = changed
        value = values[cell[0]].get(cell[1])
        if not isinstance(value, float) or str(book.sheets[cell[0]][cell[1]]).startswith("{"):
            return {}
        return {cell: value * random.choice((0.8, 0.9, 0.97, 1.03, 1.1, 1.2))}
    found: dict[Place, Content] = {}
    for cell in changed:
        sheet, place = cell
        text = str(book.sheets[sheet][place])
        new = mistake.edit(text, place)
        if new is not None and new != text:
            found[cell] = Formula(new)
    return found


def _with(book: Book, new: Mapping[Place, Content]) -> Book:
    sheets = dict(book.sheets)
    for (sheet, place), content in new.items():
        if sheets[sheet] is book.sheets[sheet]:
            sheets[sheet] = dict(book.sheets[sheet])
        sheets[sheet][place] = content
    return Book(sheets, book.names, book.tables, book.arrays)


def _shows(before: Numbers, after: Numbers, book: Book, changed: list[Place]) -> bool:
    """Return whether a mistake changes a number of its own cells, and all are numbers still."""

    def value(cell: Place) -> Scalar:
        sheet, place = cell
        if place in after.get(sheet, {}):
            return after[sheet][place]
        content = book.sheets[sheet].get(place)
        return None if isinstance(content, Formula) else content

    if all(_alike(before[sheet].get(place), value((sheet, place))) for sheet, place in changed):
        return False
    for sheet, places in after.items():
        for place, new in places.items():
            old = before.get(sheet, {}).get(place)
            if isinstance(old, float) and not (
                isinstance(new, float) and isfinite(new) and abs(new) < max(GREATEST, 10 * abs(old))
            ):
                return False
    return True


def _alike(a: Scalar, b: Scalar) -> bool:
    """Return whether nobody could tell two numbers apart."""
    if isinstance(a, float) and isinstance(b, float) and abs(a - b) < 1e-13:
        return True
    return same(a, b)
