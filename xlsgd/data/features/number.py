"""A number as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Number"]


class Number(OfOneColumn):
    """A raw column of numbers, taken over."""

    name = "number"
    order = 1
    summary = "x"
    style = "data"

    @property
    def paper(self) -> str:
        return self.of

    @property
    def pandas_line(self) -> str:
        return in_frame(self.of)

    def formula(self) -> str:
        # + 0: an empty cell is a 0, a word is an error.
        return f"{{{self.of}}}+0"

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        return numbers(frame, self.of)


FEATURE = Number
