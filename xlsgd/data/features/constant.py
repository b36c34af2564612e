"""A constant: the weight of a column of ones is what others call the bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import Feature

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Constant"]


@dataclass(frozen=True)
class Constant(Feature):
    """The same number in every row."""

    name = "constant"
    order = 8
    summary = "always the same"
    style = "count"

    value: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.value, str):
            raise ValueError(f"need a number, got '{self.value}'")

    @property
    def made_of(self) -> tuple[str, ...]:
        return ()

    @property
    def paper(self) -> str:
        return f"{self.value:.15g}"

    @property
    def pandas_line(self) -> str:
        return str(float(self.value))

    def formula(self) -> str:
        return f"{self.value:.15g}"

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        import pandas as pd

        return pd.Series(self.value, frame.index, dtype=float)


FEATURE = Constant
