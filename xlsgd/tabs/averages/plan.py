"""What a tab of running averages is to show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Averages"]


@dataclass(frozen=True)
class Averages:
    """A signal and its running averages.

    slopes: the signal, typed in; sin(x) where there is none.   rows: of sin(x).
    share: of the old average that is kept.   omega: by how much x moves from row to row.
    settled: the row after which it is measured.
    sheet: the name of the tab.   title, about: words for the top.
    """

    slopes: tuple[float, ...] = ()
    rows: int = 240
    share: float = 0.9
    omega: float = 0.1
    settled: int = 120
    sheet: str = "averages"
    title: str = "A signal and its running averages"
    about: str = "Every row keeps a share of the average above and takes a bit of its own signal."

    @property
    def length(self) -> int:
        """How many rows it has."""
        return len(self.slopes) or self.rows
