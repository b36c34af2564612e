"""Noisy: a number and so much of a random one, which is fixed; how much, a third column says.

With a raw number that all rows share, such as ``noise``, one cell scales the noise of a whole
table, and no random number changes when it is recalculated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Noisy"]


@dataclass(frozen=True)
class Noisy(OfOneColumn):
    """One number plus another times a third."""

    name = "noisy"
    order = 9
    summary = "x + noise·random number"

    random: str
    noise: str

    @property
    def made_of(self) -> tuple[str, ...]:
        return self.of, self.random, self.noise

    @property
    def paper(self) -> str:
        return f"{self.of} + {self.noise}·{self.random}"

    @property
    def pandas_line(self) -> str:
        return f"{in_frame(self.of)} + {in_frame(self.noise)} * {in_frame(self.random)}"

    def formula(self) -> str:
        return f"{{{self.of}}}+{{{self.noise}}}*{{{self.random}}}"

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        return numbers(frame, self.of) + numbers(frame, self.noise) * numbers(frame, self.random)


FEATURE = Noisy
