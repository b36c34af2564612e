"""A share of the greatest: between 0 and 1 where numbers are 0 or more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Share"]


class Share(OfOneColumn):
    """A number divided by the greatest of its column."""

    name = "share"
    order = 4
    summary = "x / greatest x"

    @property
    def _greatest(self) -> str:
        return f"max_{self.of.lower()}"

    @property
    def paper(self) -> str:
        return f"{self.of} / {self._greatest}"

    @property
    def pandas_line(self) -> str:
        return f"{in_frame(self.of)} / {in_frame(self.of)}.max()"

    def formula(self) -> str:
        return f"{{{self.of}}}/{{{self._greatest}}}"

    def facts(self) -> list[Input]:
        words = f"the greatest {self.of.lower()}: {self.quantity} divides by it"
        return [Input(self._greatest, f"=MAX({{data.{self.of}}})", words, fixed=True)]

    def facts_of(self, frame: pd.DataFrame) -> dict[str, float]:
        return {self._greatest: float(numbers(frame, self.of).max())}

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        return numbers(frame, self.of) / facts[self._greatest]


FEATURE = Share
