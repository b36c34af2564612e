"""A product of two columns: what one of them does, depending on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Product"]


@dataclass(frozen=True)
class Product(OfOneColumn):
    """One number times another."""

    name = "product"
    order = 7
    summary = "x·z"

    by: str

    @property
    def made_of(self) -> tuple[str, ...]:
        return self.of, self.by

    @property
    def paper(self) -> str:
        return f"{self.of}·{self.by}"

    @property
    def pandas_line(self) -> str:
        return f"{in_frame(self.of)} * {in_frame(self.by)}"

    def formula(self) -> str:
        return f"{{{self.of}}}*{{{self.by}}}"

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        return numbers(frame, self.of) * numbers(frame, self.by)


FEATURE = Product
