"""A power: x², x³ and so on, so that a linear layer can bend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import OfOneColumn, in_frame, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Power"]

_MOST = 9


@dataclass(frozen=True)
class Power(OfOneColumn):
    """A number to the power of 2 to 9."""

    name = "power"
    order = 6
    summary = "xⁿ"

    exponent: float = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exponent not in range(2, _MOST + 1):
            raise ValueError(f"power takes a whole exponent from 2 to {_MOST}: {self.exponent}")

    @property
    def paper(self) -> str:
        return f"{self.of}{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(self.exponent)]}"

    @property
    def pandas_line(self) -> str:
        return f"{in_frame(self.of)} ** {self.exponent:g}"

    def formula(self) -> str:
        # Written out: where the result underflows, LibreOffice has no number for a power.
        return "*".join([f"{{{self.of}}}"] * int(self.exponent))

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        found: pd.Series = numbers(frame, self.of) ** self.exponent
        return found


FEATURE = Power
