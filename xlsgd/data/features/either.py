"""One of several: 1 where a column holds a value, else 0. One-hot is one of these per value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import OfOneColumn, in_frame, is_word, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Either"]


@dataclass(frozen=True)
class Either(OfOneColumn):
    """1 where a column holds a word or a number, else 0."""

    name = "either"
    order = 2
    summary = "1 if x is the value, else 0"
    style = "count"

    value: str | float

    @property
    def paper(self) -> str:
        return f"1 if {self.of} is {self._value('')}"

    @property
    def pandas_line(self) -> str:
        quote = "'"
        return f"({in_frame(self.of)} == {self._value(quote)}).astype(float)"

    def _value(self, quote: str) -> str:
        if isinstance(self.value, str):
            return f"{quote}{self.value}{quote}"
        return f"{self.value:.15g}"

    def formula(self) -> str:
        quote = '"'
        return f"IF({{{self.of}}}={self._value(quote)},1,0)"

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        if isinstance(self.value, str):
            return is_word(frame, self.of, self.value)
        found: pd.Series = (numbers(frame, self.of) == self.value).astype(float)
        return found


FEATURE = Either
