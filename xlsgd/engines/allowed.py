"""What Excel allows a formula; some engines end their whole process on one that is beyond that."""

from __future__ import annotations

import re

from xlsgd.base.cells import Formula

__all__ = ["refusal"]

_MOST_LETTERS, _DEEPEST = 8192, 64
_DEEP = re.compile(r"[^\w\"']{65}")


def refusal(formula: Formula, program: str) -> str | None:
    """Return why a formula is not handed to a program cell by cell, None if it is."""
    if formula.startswith("{"):
        return f"a formula over an array is not handed to {program}"
    if len(formula) > _MOST_LETTERS:
        return f"longer than the {_MOST_LETTERS} letters that Excel allows"
    if len(formula) <= _DEEPEST:
        return None
    depth = deepest = 0
    for letter in formula if formula.count("(") + formula.count("{") > _DEEPEST else "":
        depth += (letter in "({") - (letter in ")}")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST or _DEEP.search(formula.replace(" ", "")):
        return f"nested deeper than the {_DEEPEST} levels that Excel allows"
    return None
