"""What a tab with every pair of two inputs is to show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pairs"]


@dataclass(frozen=True)
class Pairs:
    """A tab with all that a net says of every pair: a row for each value of its first input, a
    column for each of its second.

    sheet: its name.   experiment: its id; its two inputs choose rows of embeddings, and do nothing
    else.   title, about: words for the top.
    """

    sheet: str
    experiment: str
    title: str
    about: str = ""
