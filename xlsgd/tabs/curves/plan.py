"""What a tab with functions over one number is to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Curves"]


@dataclass(frozen=True)
class Curves:
    """A tab with functions over one number, and with their slopes.

    sheet: its name.   title, about: words for the top.
    over: what the number is called: a letter.   begin, apart, rows: where its values begin, how far
    they are apart, and how many there are.
    functions: words for each, and its text, as of the net Function(…): ``{"−ln p": "-ln(p)"}``.
    given: letters of the texts that are typed in on the tab, and their numbers.
    """

    sheet: str
    over: str
    begin: float
    apart: float
    rows: int
    functions: Mapping[str, str]
    title: str
    about: str = ""
    given: Mapping[str, float] = field(default_factory=dict)
