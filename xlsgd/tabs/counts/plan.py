"""What a tab of counts is to show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Count", "Counts"]


@dataclass(frozen=True)
class Count:
    """How many of many runs got there, as a command counted them.

    what: what was tried, in a few words.   command: what counted it, as it is typed.
    below: the mean loss below which a run has got there.   runs: how many there were.
    reached: how many of them ended below it.
    median_epoch: by which epoch half of those had first been below it; None where nobody counted.
    """

    what: str
    command: str
    below: float
    runs: int
    reached: int
    median_epoch: int | None = None


@dataclass(frozen=True)
class Counts:
    """A tab of counts.   sheet: its name.   title, about: words for the top.   rows: one a line."""

    rows: tuple[Count, ...]
    sheet: str = "counts"
    title: str = "Counted over many runs"
    about: str = ""
