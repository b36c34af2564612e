"""Standardised: how many standard deviations a number is from the mean of its column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Standardised"]


class Standardised(OfOneColumn):
    """A number minus the mean of its column, divided by the standard deviation (of all rows)."""

    name = "standardised"
    also = ("standardise", "standardize", "standardized")
    order = 5
    summary = "(x − mean) / standard deviation"

    @property
    def _keys(self) -> tuple[str, str]:
        return f"mean_{self.of.lower()}", f"sd_{self.of.lower()}"

    @property
    def paper(self) -> str:
        mean, deviation = self._keys
        return f"({self.of} − {mean}) / {deviation}"

    @property
    def pandas_line(self) -> str:
        x = in_frame(self.of)
        return f"({x} - {x}.mean()) / {x}.std(ddof=0)"

    def formula(self) -> str:
        mean, deviation = self._keys
        return f"({{{self.of}}}-{{{mean}}})/{{{deviation}}}"

    def facts(self) -> list[Input]:
        mean, deviation = self._keys
        column = f"{{data.{self.of}}}"
        return [
            Input(mean, f"=AVERAGE({column})", f"the mean of {self.of}", fixed=True),
            Input(
                deviation,
                f"=SQRT(DEVSQ({column})/COUNT({column}))",
                f"how far {self.of} usually is from its mean: the standard deviation",
                fixed=True,
            ),
        ]

    def facts_of(self, frame: pd.DataFrame) -> dict[str, float]:
        x = numbers(frame, self.of)
        return dict(zip(self._keys, (float(x.mean()), float(x.std(ddof=0))), strict=True))

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        mean, deviation = (facts[key] for key in self._keys)
        return (numbers(frame, self.of) - mean) / deviation


FEATURE = Standardised
