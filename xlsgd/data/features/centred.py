"""Centred: how far a number is from the mean of its column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Centred"]


class Centred(OfOneColumn):
    """A number minus the mean of its column, so that 0 is in the middle."""

    name = "centred"
    order = 5
    summary = "x − mean"

    @property
    def _mean(self) -> str:
        return f"mean_{self.of.lower()}"

    @property
    def paper(self) -> str:
        return f"{self.of} − {self._mean}"

    @property
    def pandas_line(self) -> str:
        x = in_frame(self.of)
        return f"{x} - {x}.mean()"

    def formula(self) -> str:
        return f"{{{self.of}}}-{{{self._mean}}}"

    def facts(self) -> list[Input]:
        mean = f"=AVERAGE({{data.{self.of}}})"
        return [Input(self._mean, mean, f"the mean of {self.of}", fixed=True)]

    def facts_of(self, frame: pd.DataFrame) -> dict[str, float]:
        return {self._mean: float(numbers(frame, self.of).mean())}

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        return numbers(frame, self.of) - facts[self._mean]


FEATURE = Centred
