"""A logarithm: how many digits a number has, so to say; a few large ones no longer outweigh all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Logarithm"]


class Logarithm(OfOneColumn):
    """The logarithm to base 10 of one more than the number, so that 0 stays 0."""

    name = "logarithm"
    order = 3
    summary = "log10(x + 1)"

    @property
    def paper(self) -> str:
        return f"log10({self.of} + 1)"

    @property
    def pandas_line(self) -> str:
        return f"numpy.log10({in_frame(self.of)} + 1)"

    def formula(self) -> str:
        return f"LOG10({{{self.of}}}+1)"

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        import numpy as np

        found: pd.Series = np.log10(numbers(frame, self.of) + 1)
        return found


FEATURE = Logarithm
