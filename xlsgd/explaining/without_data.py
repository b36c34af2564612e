"""Sentences about a function without data: a step evaluates it once, so an epoch is a step."""

from __future__ import annotations

import re

__all__ = ["without_data"]

_WORDS = (
    (r"a step for every row, ([\d,]+) epochs? of 1 row", r"\1 steps"),
    (r"(step [\d,]+), epoch [\d,]+", r"\1"),
    (r", on the one row of the data", ""),
    (r"([Tt])he mean loss over all rows", r"\1he loss"),
    (r"([Tt])he loss of that row", r"\1he loss"),
    (r"mean loss", "loss"),
    (r" that sees all rows", ""),
    (r"\ban epoch", "a step"),
    (r"\bepoch", "step"),
)


def without_data(sentence: str) -> str:
    """Return a sentence about a run without the rows of data that it does not have."""
    for said, instead in _WORDS:
        sentence = re.sub(said, instead, sentence)
    return sentence
