"""A sheet written down by names: rows that are steps, or columns that are, and what is true of it.

``[x]`` in a formula is the cell of column x in the same row, ``[x-1]`` the one of the row before,
and a name of a fixed cell is that cell with dollars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xlsgd.base.cells import Book, Content, Formula, Grid, Position, column_letters, column_number

__all__ = ["Column", "Plan", "Tab", "Truth", "Way", "address", "book_of", "position"]

Column = str | Sequence[float | str]
"""A formula for all steps; the first step's number or formula and the others'; or numbers."""


def address(row: int, column: int) -> str:
    """Return ``AB7`` for row 7, column 28."""
    return f"{column_letters(column)}{row}"


def position(text: str) -> Position:
    """Return row and column of ``AB7``."""
    letters = text.rstrip("0123456789")
    return int(text[len(letters) :]), column_number(letters)


class Tab:
    """A tab that is being written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.grid: Grid = {}

    def put(self, where: str | Position, content: float | str | bool) -> None:
        """Write a number, a text or a formula."""
        place = position(where) if isinstance(where, str) else where
        made: Content = float(content) if isinstance(content, int) else content
        if isinstance(content, str) and content.startswith("="):
            made = Formula(content)
        self.grid[place] = made

    def at(self, where: str | Position) -> str:
        """Return a cell as a report names it: tab and cell."""
        return f"{self.name}!{where if isinstance(where, str) else address(*where)}"


def book_of(*tabs: Tab) -> Book:
    """Return a book of tabs."""
    return Book({tab.name: tab.grid for tab in tabs})


@dataclass(frozen=True)
class Truth:
    """What is true of a workbook; cells are named ``tab!A1``.

    weights: for every weight the cells that may be called its first.   steps: updates of each.
    rule: a pattern that the rule's words have, "" for none.   rate: cells that may be called the
    rate's; none where no cell holds it.   losses: cells that may be called the loss, none where no
    cell holds it.   gradients, states: all cells that hold slopes of the loss, and what optimizers
    remember, run by run.   updates: the cells of new weights, run by run.   assumed: a pattern of
    the loss, where no cell holds it.
    """

    sheets: tuple[str, ...]
    weights: tuple[tuple[str, ...], ...]
    steps: int
    rule: str = ""
    rate: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    gradients: tuple[tuple[str, ...], ...] = ()
    states: tuple[tuple[str, ...], ...] = ()
    updates: tuple[tuple[str, ...], ...] = ()
    assumed: str = ""


@dataclass(frozen=True)
class Way:
    """A way to write a training down.

    truths: one for everything that is trained.   numbers: gives those of some cells, calculated by
    another road.   cells: those cells.
    """

    name: str
    book: Book
    truths: tuple[Truth, ...]
    cells: tuple[str, ...] = ()
    numbers: Callable[[], Sequence[float]] = list

    def expected(self) -> dict[str, float]:
        """Return what some cells hold."""
        return dict(zip(self.cells, self.numbers(), strict=True))


class Plan:
    """Steps of a training beside each other."""

    def __init__(
        self,
        tab: Tab,
        steps: int,
        fixed: Mapping[str, tuple[str, float | str]],
        columns: Mapping[str, Column],
        *,
        at: str = "A5",
        across: bool = False,
        labels: bool = True,
        gap: int = 0,
        every: int = 0,
    ) -> None:
        """fixed: name to cell and content.   across: a step is a column.   labels: whether there
        are words.   gap: rows left free after every so many (`every`) steps."""
        self.tab, self.steps, self.across = tab, steps, across
        self.top, self.left = position(at)
        self.gap, self.every = gap, every
        self.fixed = {name: where for name, (where, _) in fixed.items()}
        self.names = list(columns)
        for where, content in fixed.values():
            tab.put(where, content if isinstance(content, float) else self._text(content, 0))
        for name, column in columns.items():
            if labels:
                row, letter = self._place(name, 0)
                before = (row, letter - 1) if across else (row - 1, letter)
                if before[1] >= 1 and before[0] >= 1 and before not in tab.grid:
                    tab.put(before, name)
            for step in range(steps):
                tab.put(self._place(name, step), self._content(column, step))

    def _content(self, column: Column, step: int) -> float | str:
        if isinstance(column, str):
            return self._text(column, step)
        if isinstance(column[1], str):
            chosen = column[1] if step else column[0]
            return self._text(chosen, step) if isinstance(chosen, str) else chosen
        return float(column[step % len(column)])

    def _place(self, name: str, step: int) -> Position:
        along = step + (self.gap * (step // self.every) if self.every and step >= 0 else 0)
        offset = self.names.index(name)
        if self.across:
            return self.top + offset, self.left + along
        return self.top + along, self.left + offset

    def cell(self, name: str, step: int) -> str:
        """Return the cell of a column for a step, from 0 on."""
        return address(*self._place(name, step))

    def _text(self, template: str, step: int) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name in self.fixed:
                row, column = position(self.fixed[name])
                return f"${column_letters(column)}${row}"
            return self.cell(name, step - 1 if match[2] else step)

        return re.sub(r"(?<!\w)\[(\w+)(-1)?\](?!\])", one, template)

    def run(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column."""
        return tuple(self.tab.at(self.cell(name, step)) for step in range(self.steps))

    def truth(
        self,
        weights: Sequence[str],
        rule: str,
        *,
        rate: str | None = "rate",
        loss: str | None = "loss",
        gradients: Sequence[str] = (),
        states: Sequence[str] = (),
        updates: Sequence[str] = (),
        assumed: str = "",
    ) -> Truth:
        """Return what is true of it, by names of columns and fixed cells."""
        rates: tuple[str, ...] = ()
        if rate is not None:
            rates = (self.tab.at(self.fixed[rate]),) if rate in self.fixed else self.run(rate)
        return Truth(
            (self.tab.name,),
            tuple((self.tab.at(self.cell(name, 0)), *self._also(name)) for name in weights),
            self.steps,
            rule,
            rates,
            () if loss is None else self.run(loss),
            tuple(self.run(name) for name in gradients),
            tuple(self.run(name) for name in states),
            tuple(self.run(name) for name in updates),
            assumed,
        )

    def _also(self, name: str) -> list[str]:
        """Return the fixed cell in which a weight's first number may stand."""
        first = self.tab.grid.get(self._place(name, 0))
        if isinstance(first, Formula):
            return [self.tab.at(str(first)[1:].replace("$", ""))]
        return []

    def way(
        self, truth: Truth, columns: Sequence[str], numbers: Callable[[], Sequence[float]]
    ) -> Way:
        """Return the way.   numbers: gives those of some columns after the last step."""
        cells = tuple(self.run(column)[-1] for column in columns)
        return Way(self.tab.name, book_of(self.tab), (truth,), cells, numbers)
