"""What a feature has to tell: a derived column, by a formula in the sheet and by pandas."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Argument", "Feature", "OfOneColumn", "in_frame", "is_word", "number_of", "numbers"]

Argument = str | float
"""What stands in the parentheses of a feature: the name of a column, a word, or a number."""


@dataclass(frozen=True)
class Feature(ABC):
    """A column made of others.

    The two sides are written independently: verify compares every cell of the sheet with pandas.
    quantity: the name of the column.   note: what it is, in a sentence; the kind's own by default.
    What a kind adds are the words in its parentheses, in order: ``product(age, fare)``.
    Raises ValueError for words that make no sense.
    """

    name: ClassVar[str]
    """The word for the kind."""
    also: ClassVar[tuple[str, ...]] = ()
    """Other words for it that somebody may write; a sheet has the one above."""
    of_all_words: ClassVar[bool] = False
    """Whether, where it names no words, it is about all that its column has."""
    order: ClassVar[int] = 100
    summary: ClassVar[str]
    """What it computes, on paper."""
    style: ClassVar[str] = "number"
    """How its cells are shown: ``count`` for whole numbers, else ``number``."""

    quantity: str
    note: str = field(default="", kw_only=True, compare=False)

    def __post_init__(self) -> None:
        for name in self.made_of:
            if not isinstance(name, str):
                raise ValueError(f"need the name of a column, got {name:g}")

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(self._shown, self.arguments))})"

    def _shown(self, argument: Argument) -> str:
        if isinstance(argument, str):
            return argument if argument in self.made_of else f'"{argument}"'
        return f"{argument:.17g}" if float(f"{argument:g}") != argument else f"{argument:g}"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """What stands in the parentheses."""
        own = (f.name for f in fields(self) if f.name not in ("quantity", "note"))
        return tuple(getattr(self, name) for name in own)

    @property
    @abstractmethod
    def made_of(self) -> tuple[str, ...]:
        """The columns that it is made of: raw ones, or features before it."""

    def renamed(self, names: Mapping[str, str]) -> Feature:
        """Return the same of columns that are called otherwise.   names: new ones by the old."""
        left, given = list(self.made_of), list(self.arguments)
        for i, argument in enumerate(given):
            # A word that it looks for may be called as a column is: those come first.
            if argument in left:
                left.remove(str(argument))
                given[i] = names.get(str(argument), argument)
        return type(self)(self.quantity, *given, note=self.note)

    # Sheet side

    @abstractmethod
    def formula(self) -> str:
        """Return the template of its cells, without the leading ``=``."""

    @property
    def paper(self) -> str:
        """The formula as one would write it on paper."""
        return self.summary

    def facts(self) -> list[Input]:
        """Return what it needs to know of whole columns: cells beside the table."""
        return []

    @property
    @abstractmethod
    def pandas_line(self) -> str:
        """The line of pandas that gives the same."""

    def column(self, group: str) -> Column:
        """Return it as a column of a table."""
        return Column(
            self.quantity,
            f"={self.formula()}",
            self.paper,
            self.note or self.summary,
            self.pandas_line,
            group=group,
        )

    # Pandas side

    def facts_of(self, frame: pd.DataFrame) -> dict[str, float]:
        """Return the same facts, by their keys, from a frame of all rows."""
        return {}

    @abstractmethod
    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        """Return its cells, as floats.

        frame: the columns that it is made of.   facts: what ``facts_of`` gives, or the sheet has.
        No cell is refused: what holds no number gives NaN where one is needed, as an unknown word
        is not the one looked for. Words match whatever their case, as in a sheet.
        """


@dataclass(frozen=True)
class OfOneColumn(Feature):
    """A column made of one other.  of: its name."""

    of: str

    @property
    def made_of(self) -> tuple[str, ...]:
        return (self.of,)


def in_frame(name: str) -> str:
    """Return how a line of pandas calls a column."""
    return f"frame.{name}" if name.isidentifier() else f"frame['{name}']"


def numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as floats, NaN where a cell holds no number."""
    import pandas as pd

    return pd.Series([number_of(cell) for cell in frame[name]], frame.index, dtype=float)


def is_word(frame: pd.DataFrame, name: str, word: str) -> pd.Series:
    """Return 1.0 where a column holds a word, whatever its case, else 0.0."""
    import pandas as pd

    cells: Iterable[Any] = frame[name]
    wanted = word.casefold()
    found = [isinstance(cell, str) and cell.casefold() == wanted for cell in cells]
    return pd.Series(found, frame.index, dtype=float)


def number_of(cell: Any) -> float:
    """Return a cell's number, NaN if it is none. A truth value is none, as in a sheet."""
    try:
        if isinstance(cell, Real) and not isinstance(cell, bool):
            return float(cell)
    except OverflowError:  # a whole number of 309 digits or more
        pass
    return math.nan
